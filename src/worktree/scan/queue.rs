//! Work shared by the threads of a scan, and when there is no more of it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A stack of tasks that ends when none is waiting and none is in work.
///
/// Last in, first out, so that a walk goes deep before it goes wide and the stack stays small.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    tasks: Vec<T>,
    /// Tasks waiting or in work.
    open: usize,
    sleeping: usize,
}

/// Counts a task as finished when dropped, also by a panic, so that no thread waits for ever.
pub(super) struct InWork<'a, T>(&'a Queue<T>);

impl<T> Queue<T> {
    pub(super) fn new(tasks: Vec<T>) -> Queue<T> {
        let open = tasks.len();
        let state = Mutex::new(State { tasks, open, sleeping: 0 });
        Queue { state, changed: Condvar::new() }
    }

    /// Adds tasks; only a thread that has one in work may do so.
    pub(super) fn push(&self, tasks: impl ExactSizeIterator<Item = T>) {
        let added = tasks.len();
        if added == 0 {
            return;
        }
        let mut state = self.lock();
        state.open += added;
        state.tasks.extend(tasks);
        for _ in 0..added.min(state.sleeping) {
            self.changed.notify_one();
        }
    }

    /// Waits for a task; None when all are done.
    pub(super) fn pop(&self) -> Option<(T, InWork<'_, T>)> {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.tasks.pop() {
                return Some((task, InWork(self)));
            }
            if state.open == 0 {
                return None;
            }
            state.sleeping += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.sleeping -= 1;
        }
    }

    /// Whether no task is waiting.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().tasks.is_empty()
    }

    /// Drops all waiting tasks, so that the threads end after what they have in work.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.open -= state.tasks.len();
        state.tasks.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code that can panic runs under the lock, so what is in it is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for InWork<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.open -= 1;
        if state.open == 0 {
            self.0.changed.notify_all();
        }
    }
}
