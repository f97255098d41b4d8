//! Crashes, and what a restarted push does with its journal.

use crate::model::Protocol;
use crate::rules::Condition;
use crate::state::{Note, Phase, Process, State};

impl Protocol {
    /// The process dies. A collector begins anew some other time; a request it sent may still arrive.
    pub fn crash(&self, state: &mut State, at: usize) -> bool {
        state.faults.crashes -= 1;
        let is_push = self.push(at).is_some();
        let process = &mut state.processes[at];
        if is_push {
            process.phase = Phase::Crashed;
            if !self.keeps(Condition::JournalBeforeCreate) {
                process.note = Note::None;
            }
        } else {
            process.end(Phase::Idle);
        }
        true
    }

    /// Goes on in the same session, with what the journal says of it.
    pub fn resume_session(&self, state: &mut State, at: usize, is_stale: bool) -> bool {
        let reads_note = self.keeps(Condition::NoteReadFirst);
        let process = &mut state.processes[at];
        if is_stale {
            state.faults.stale_journals -= 1;
            process.forgot = true;
            process.note = Note::None;
        }
        if reads_note && matches!(process.note, Note::Absent | Note::Ours) {
            process.phase = Phase::Unknown;
            return true;
        }
        process.note = Note::None;
        self.go_on(state, at);
        true
    }

    /// What was answered is there; the rest is written under new names.
    fn go_on(&self, state: &mut State, at: usize) {
        let process = &mut state.processes[at];
        let unanswered = process.unanswered;
        if !self.keeps(Condition::AnsweredPacksOnly) {
            process.answered |= unanswered;
        }
        if !self.keeps(Condition::NewNameAfterRestart) {
            process.names -= unanswered.count_ones() as u8;
        }
        *process = Process { phase: Phase::Ready, unanswered: 0, ..*process };
        if unanswered != 0 {
            self.decide_missing(state, at);
        }
    }
}
