# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_esker_global_optspecs
    string join \n C= json q/quiet v/verbose color= jobs= limit-rate= offline no-progress no-pager h/help V/version
end

function __fish_esker_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_esker_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_esker_using_subcommand
    set -l cmd (__fish_esker_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c esker -n "__fish_esker_needs_command" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_needs_command" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_needs_command" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_needs_command" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_needs_command" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_needs_command" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_needs_command" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_needs_command" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_needs_command" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_needs_command" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_needs_command" -s V -l version -d 'Print version'
complete -c esker -n "__fish_esker_needs_command" -f -a "init" -d 'Make a repository'
complete -c esker -n "__fish_esker_needs_command" -f -a "clone" -d 'Make a repository of what a remote holds'
complete -c esker -n "__fish_esker_needs_command" -f -a "demo" -d 'Show in a minute what esker does, on data it makes'
complete -c esker -n "__fish_esker_needs_command" -f -a "add" -d 'Store changed files and stage them for the next commit'
complete -c esker -n "__fish_esker_needs_command" -f -a "rm" -d 'Remove files, from the next version and from disk'
complete -c esker -n "__fish_esker_needs_command" -f -a "mv" -d 'Move or rename files and folders'
complete -c esker -n "__fish_esker_needs_command" -f -a "commit" -d 'Record what is staged as a commit'
complete -c esker -n "__fish_esker_needs_command" -f -a "roots" -d 'Show and change the data folders of a git checkout'
complete -c esker -n "__fish_esker_needs_command" -f -a "sparse" -d 'Choose which files and folders this worktree has'
complete -c esker -n "__fish_esker_needs_command" -f -a "status" -d 'Show what changed since the last commit'
complete -c esker -n "__fish_esker_needs_command" -f -a "diff" -d 'Show what differs between versions, the stage and the worktree'
complete -c esker -n "__fish_esker_needs_command" -f -a "log" -d 'Show the commits that lead to a revision'
complete -c esker -n "__fish_esker_needs_command" -f -a "show" -d 'Show a commit and what it changed, or any other object'
complete -c esker -n "__fish_esker_needs_command" -f -a "annotate" -d 'Show which commit last changed each entry of a folder'
complete -c esker -n "__fish_esker_needs_command" -f -a "ls" -d 'List the files of a commit'
complete -c esker -n "__fish_esker_needs_command" -f -a "cat" -d 'Print the bytes of a file of any commit'
complete -c esker -n "__fish_esker_needs_command" -f -a "du" -d 'Show how many bytes and files folders of a commit hold'
complete -c esker -n "__fish_esker_needs_command" -f -a "find" -d 'Find files by name, size, kind or content, in one commit or in all'
complete -c esker -n "__fish_esker_needs_command" -f -a "check-ignore" -d 'Say which paths are ignored, and by which rule'
complete -c esker -n "__fish_esker_needs_command" -f -a "hash" -d 'Print the id of a file or folder, without a repository'
complete -c esker -n "__fish_esker_needs_command" -f -a "stats" -d 'Show what the repository holds and the space it takes'
complete -c esker -n "__fish_esker_needs_command" -f -a "branch" -d 'List, make, rename or delete branches'
complete -c esker -n "__fish_esker_needs_command" -f -a "switch" -d 'Move to another branch'
complete -c esker -n "__fish_esker_needs_command" -f -a "checkout" -d 'Get a version back into the worktree'
complete -c esker -n "__fish_esker_needs_command" -f -a "tag" -d 'List, make or delete tags'
complete -c esker -n "__fish_esker_needs_command" -f -a "merge" -d 'Join another line of work into the current branch'
complete -c esker -n "__fish_esker_needs_command" -f -a "cherry-pick" -d 'Make the changes of other commits again, on the current branch'
complete -c esker -n "__fish_esker_needs_command" -f -a "worktree" -d 'Work in several folders at once, on the same branches and data'
complete -c esker -n "__fish_esker_needs_command" -f -a "restore" -d 'Put files back as they were'
complete -c esker -n "__fish_esker_needs_command" -f -a "reset" -d 'Move the current branch to another commit, or put staged paths back'
complete -c esker -n "__fish_esker_needs_command" -f -a "revert" -d 'Undo what a commit changed, by a new commit'
complete -c esker -n "__fish_esker_needs_command" -f -a "stash" -d 'Put unsaved work aside, and bring it back'
complete -c esker -n "__fish_esker_needs_command" -f -a "clean" -d 'Remove files that are not tracked'
complete -c esker -n "__fish_esker_needs_command" -f -a "reflog" -d 'Show where HEAD, a branch or a tag was'
complete -c esker -n "__fish_esker_needs_command" -f -a "remote" -d 'Name the places that data is shared by'
complete -c esker -n "__fish_esker_needs_command" -f -a "push" -d 'Send commits to a remote'
complete -c esker -n "__fish_esker_needs_command" -f -a "fetch" -d 'Bring commits from a remote'
complete -c esker -n "__fish_esker_needs_command" -f -a "pull" -d 'Fetch, and move the current branch on'
complete -c esker -n "__fish_esker_needs_command" -f -a "ls-remote" -d 'List the branches and tags of a remote'
complete -c esker -n "__fish_esker_needs_command" -f -a "mirror" -d 'Bring one remote up to what another one has'
complete -c esker -n "__fish_esker_needs_command" -f -a "get" -d 'Get a file or folder of a remote, without a clone'
complete -c esker -n "__fish_esker_needs_command" -f -a "pin" -d 'Write down which data this project needs, in esker.lock'
complete -c esker -n "__fish_esker_needs_command" -f -a "update" -d 'Move pins to the newest commit of what they follow'
complete -c esker -n "__fish_esker_needs_command" -f -a "verify" -d 'Check that data on disk is what esker.lock pins'
complete -c esker -n "__fish_esker_needs_command" -f -a "cache-key" -d 'Print a name for the pinned data, for the caches of CI'
complete -c esker -n "__fish_esker_needs_command" -f -a "fsck" -d 'Prove that every version is there and whole'
complete -c esker -n "__fish_esker_needs_command" -f -a "gc" -d 'Give back the space of data that nothing needs any more'
complete -c esker -n "__fish_esker_needs_command" -f -a "evict" -d 'Let go of data here that a remote has'
complete -c esker -n "__fish_esker_needs_command" -f -a "repack" -d 'Rewrite the store as if it had been written in one go'
complete -c esker -n "__fish_esker_needs_command" -f -a "forget" -d 'Let go of the files of old commits, and keep the commits'
complete -c esker -n "__fish_esker_needs_command" -f -a "purge" -d 'Take files out of every version, as if they had never been added'
complete -c esker -n "__fish_esker_needs_command" -f -a "store" -d 'See which repositories share a store'
complete -c esker -n "__fish_esker_needs_command" -f -a "config" -d 'Show and change settings'
complete -c esker -n "__fish_esker_needs_command" -f -a "doctor" -d 'Print what a report of a fault needs'
complete -c esker -n "__fish_esker_needs_command" -f -a "help" -d 'Explain a command or a concept'
complete -c esker -n "__fish_esker_using_subcommand init" -l store -d 'Keep the packs in this folder, which other repositories of this machine use too' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand init" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand init" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand init" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand init" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand init" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand init" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand init" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand init" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand init" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand init" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand clone" -s b -l branch -d 'The branch to check out; main by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand clone" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand clone" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand clone" -l profile -d 'Profile of AWS\'s own tools that has the credentials; AWS_PROFILE by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand clone" -l sparse -d 'Bring and check out only this file or folder; may be given several times' -r -F
complete -c esker -n "__fish_esker_using_subcommand clone" -l depth -d 'Bring only the newest N commits of each branch' -r -f
complete -c esker -n "__fish_esker_using_subcommand clone" -l store -d 'Keep the packs in this folder, which other repositories of this machine use too' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand clone" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand clone" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand clone" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand clone" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand clone" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand clone" -l no-checkout -d 'Bring commits and trees only, and check nothing out; files come when they are wanted'
complete -c esker -n "__fish_esker_using_subcommand clone" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand clone" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand clone" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand clone" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand clone" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand clone" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand clone" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand demo" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand demo" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand demo" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand demo" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand demo" -l keep -d 'Leave the folder there at the end'
complete -c esker -n "__fish_esker_using_subcommand demo" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand demo" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand demo" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand demo" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand demo" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand demo" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand add" -l name -d 'The path under which standard input is stored' -r -F
complete -c esker -n "__fish_esker_using_subcommand add" -l to -d 'Store the files on this remote instead of here, a part at a time' -r -f
complete -c esker -n "__fish_esker_using_subcommand add" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand add" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand add" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand add" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand add" -s A -l all -d 'Stage every change in the paths (everywhere without one), deletions too'
complete -c esker -n "__fish_esker_using_subcommand add" -s u -l update -d 'Stage changes and deletions of files that are tracked, and no new ones'
complete -c esker -n "__fish_esker_using_subcommand add" -s n -l dry-run -d 'Only say what would be staged'
complete -c esker -n "__fish_esker_using_subcommand add" -l git-ignore -d 'In a git checkout: also name the folders in .gitignore'
complete -c esker -n "__fish_esker_using_subcommand add" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand add" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand add" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand add" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand add" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand add" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand rm" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand rm" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand rm" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand rm" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand rm" -l cached -d 'Keep the files on disk: they become untracked'
complete -c esker -n "__fish_esker_using_subcommand rm" -s r -l recursive -d 'Also remove folders, with all that is tracked in them'
complete -c esker -n "__fish_esker_using_subcommand rm" -s f -l force -d 'Remove even what is saved nowhere else'
complete -c esker -n "__fish_esker_using_subcommand rm" -s n -l dry-run -d 'Only say what would be removed'
complete -c esker -n "__fish_esker_using_subcommand rm" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand rm" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand rm" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand rm" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand rm" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand rm" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand mv" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand mv" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand mv" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand mv" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand mv" -s f -l force -d 'Replace a file that has the new name'
complete -c esker -n "__fish_esker_using_subcommand mv" -s n -l dry-run -d 'Only say what would be moved'
complete -c esker -n "__fish_esker_using_subcommand mv" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand mv" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand mv" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand mv" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand mv" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand mv" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand mv" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand commit" -s m -l message -d 'The message; given again, it starts a new paragraph' -r -f
complete -c esker -n "__fish_esker_using_subcommand commit" -s F -l file -d 'Read the message from FILE; `-` is standard input' -r -F
complete -c esker -n "__fish_esker_using_subcommand commit" -l date -d 'The author\'s date: 2024-05-31T14:00:00Z, "2024-05-31 14:00", or @UNIX-SECONDS' -r -f
complete -c esker -n "__fish_esker_using_subcommand commit" -l author -d 'The author: "Name <mail@example.org>"' -r -f
complete -c esker -n "__fish_esker_using_subcommand commit" -l meta -d 'Keep KEY=VALUE with the commit; can be given again' -r -f
complete -c esker -n "__fish_esker_using_subcommand commit" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand commit" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand commit" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand commit" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand commit" -s a -l all -d 'Stage changes and deletions of tracked files first'
complete -c esker -n "__fish_esker_using_subcommand commit" -l amend -d 'Replace the last commit'
complete -c esker -n "__fish_esker_using_subcommand commit" -l no-edit -d 'With --amend: keep the message as it is'
complete -c esker -n "__fish_esker_using_subcommand commit" -l allow-empty -d 'Commit even if nothing changed'
complete -c esker -n "__fish_esker_using_subcommand commit" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand commit" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand commit" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand commit" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand commit" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand commit" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand commit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -f -a "list" -d 'List the data roots; the default'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -f -a "add" -d 'Name data roots, without staging anything'
complete -c esker -n "__fish_esker_using_subcommand roots; and not __fish_seen_subcommand_from list add remove" -f -a "remove" -d 'Forget data roots that hold nothing tracked; files and versions stay'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand roots; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -f -a "list" -d 'List the paths; the default'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -f -a "set" -d 'Have these paths and no others; files that differ from what is stored stay'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -f -a "add" -d 'Have these paths, too'
complete -c esker -n "__fish_esker_using_subcommand sparse; and not __fish_seen_subcommand_from list set add disable" -f -a "disable" -d 'Have everything'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -s n -l dry-run -d 'Only say what would change'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -s n -l dry-run -d 'Only say what would change'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -s n -l dry-run -d 'Only say what would change'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand sparse; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand status" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand status" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand status" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand status" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand status" -s s -l short -d 'Print two letters and the path, one line a file, as git does'
complete -c esker -n "__fish_esker_using_subcommand status" -l porcelain -d 'Like --short, without colours; the format stays the same for scripts'
complete -c esker -n "__fish_esker_using_subcommand status" -l remotes -d 'Also tell which remotes have what, and what is only here; no remote is asked'
complete -c esker -n "__fish_esker_using_subcommand status" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand status" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand status" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand status" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand status" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand status" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand diff" -s U -l unified -d 'Show N unchanged lines around changed ones' -r -f
complete -c esker -n "__fish_esker_using_subcommand diff" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand diff" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand diff" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand diff" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand diff" -l staged -l cached -d 'Compare with what is staged instead of the worktree'
complete -c esker -n "__fish_esker_using_subcommand diff" -s p -l patch -d 'Show the lines of texts that differ; the default, and with --json part of the document'
complete -c esker -n "__fish_esker_using_subcommand diff" -l stat -d 'Show one line a file with its sizes, and sums, also of what is new after deduplication; reads no file'
complete -c esker -n "__fish_esker_using_subcommand diff" -l name-status -d 'Show a letter and the path, one line a file, as git does'
complete -c esker -n "__fish_esker_using_subcommand diff" -l name-only -d 'Show the paths only'
complete -c esker -n "__fish_esker_using_subcommand diff" -l md -d 'Print a table in Markdown, for a pull request'
complete -c esker -n "__fish_esker_using_subcommand diff" -l no-renames -d 'Show what moved as removed and added'
complete -c esker -n "__fish_esker_using_subcommand diff" -l exit-code -d 'Exit with 1 when something differs, besides printing it'
complete -c esker -n "__fish_esker_using_subcommand diff" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand diff" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand diff" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand diff" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand diff" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand diff" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand log" -s n -l max-count -d 'Show at most N commits; -N is the same' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l skip -d 'Leave out N commits first' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l since -l after -d 'Only commits of this date or later' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l until -l before -d 'Only commits of this date or earlier' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l author -d 'Only commits whose author, "Name <mail>", matches a regular expression' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l grep -d 'Only commits whose message matches a regular expression' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l meta -d 'Only commits with this metadata: a key, or a key and its value; may be repeated' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l rev -d 'The revision; then @ in a location is part of it' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l path -d 'The path in that revision; then @ and : in a location are part of it' -r -F
complete -c esker -n "__fish_esker_using_subcommand log" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand log" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand log" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand log" -l oneline -d 'One line a commit'
complete -c esker -n "__fish_esker_using_subcommand log" -l graph -d 'Draw how the commits are joined'
complete -c esker -n "__fish_esker_using_subcommand log" -l all -d 'Start from every branch, tag and HEAD'
complete -c esker -n "__fish_esker_using_subcommand log" -s i -l ignore-case -d 'Let --author and --grep match letters of both cases'
complete -c esker -n "__fish_esker_using_subcommand log" -l merges -d 'Only merges'
complete -c esker -n "__fish_esker_using_subcommand log" -l no-merges -d 'No merges'
complete -c esker -n "__fish_esker_using_subcommand log" -l first-parent -d 'Follow only the first parent of each commit'
complete -c esker -n "__fish_esker_using_subcommand log" -l reverse -d 'The oldest first'
complete -c esker -n "__fish_esker_using_subcommand log" -l stat -d 'Also show the files that changed with their sizes, and sums; reads no file'
complete -c esker -n "__fish_esker_using_subcommand log" -l name-status -d 'Also show a letter and the path of each file that changed'
complete -c esker -n "__fish_esker_using_subcommand log" -l no-renames -d 'Show what moved as removed and added'
complete -c esker -n "__fish_esker_using_subcommand log" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand log" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand log" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand log" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand log" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand log" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand log" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand show" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand show" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand show" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand show" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand show" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand show" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand show" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand show" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand show" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand show" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand annotate" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand annotate" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand annotate" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand annotate" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand annotate" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand annotate" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand annotate" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand annotate" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand annotate" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand annotate" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand annotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand ls" -l rev -d 'The revision; then @ in a location is part of it' -r -f
complete -c esker -n "__fish_esker_using_subcommand ls" -l path -d 'The path in that revision; then @ and : in a location are part of it' -r -F
complete -c esker -n "__fish_esker_using_subcommand ls" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand ls" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand ls" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand ls" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand ls" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand ls" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand ls" -s R -l recursive -d 'Also list what is in the folders below'
complete -c esker -n "__fish_esker_using_subcommand ls" -s l -l long -d 'Also show kind, id, size and number of files'
complete -c esker -n "__fish_esker_using_subcommand ls" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand ls" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand ls" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand ls" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand ls" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand ls" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand ls" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand cat" -l offset -d 'Start at this byte' -r -f
complete -c esker -n "__fish_esker_using_subcommand cat" -l length -d 'Print at most this many bytes' -r -f
complete -c esker -n "__fish_esker_using_subcommand cat" -l rev -d 'The revision; then @ in a location is part of it' -r -f
complete -c esker -n "__fish_esker_using_subcommand cat" -l path -d 'The path in that revision; then @ and : in a location are part of it' -r -F
complete -c esker -n "__fish_esker_using_subcommand cat" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand cat" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand cat" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand cat" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand cat" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand cat" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand cat" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand cat" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand cat" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand cat" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand cat" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand cat" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand cat" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand cat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand du" -s d -l depth -d 'Show folders up to N levels below the path' -r -f
complete -c esker -n "__fish_esker_using_subcommand du" -l rev -d 'The revision; then @ in a location is part of it' -r -f
complete -c esker -n "__fish_esker_using_subcommand du" -l path -d 'The path in that revision; then @ and : in a location are part of it' -r -F
complete -c esker -n "__fish_esker_using_subcommand du" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand du" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand du" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand du" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand du" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand du" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand du" -s a -l files -d 'Also show files'
complete -c esker -n "__fish_esker_using_subcommand du" -s u -l unique -d 'Also count the bytes of equal files once; this walks all folders'
complete -c esker -n "__fish_esker_using_subcommand du" -s s -l stored -d 'Also count what the files take in packs, chunks that several share once; this walks all folders'
complete -c esker -n "__fish_esker_using_subcommand du" -s b -l bytes -d 'Show sizes in bytes'
complete -c esker -n "__fish_esker_using_subcommand du" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand du" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand du" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand du" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand du" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand du" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand du" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand du" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand find" -s r -l rev -d 'Search this revision instead of HEAD, or the history of a range; may be repeated' -r -f
complete -c esker -n "__fish_esker_using_subcommand find" -s s -l size -d 'More (+), less (-) or exactly so many bytes, such as +10M; may be repeated' -r -f
complete -c esker -n "__fish_esker_using_subcommand find" -s k -l kind -d 'Only files, folders, links or executables; may be repeated' -r -f -a "f\t'A file'
d\t'A folder'
l\t'A symbolic link'
x\t'A file that may be run'"
complete -c esker -n "__fish_esker_using_subcommand find" -l id -d 'Only content whose id begins so' -r -f
complete -c esker -n "__fish_esker_using_subcommand find" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand find" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand find" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand find" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand find" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand find" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand find" -l all -d 'Search the history of every branch, tag and HEAD'
complete -c esker -n "__fish_esker_using_subcommand find" -s i -l ignore-case -d 'Let letters of both cases match'
complete -c esker -n "__fish_esker_using_subcommand find" -s l -l long -d 'Also show kind, id, size and number of files'
complete -c esker -n "__fish_esker_using_subcommand find" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand find" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand find" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand find" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand find" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand find" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand find" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand find" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand check-ignore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand hash" -l rev -d 'The revision; then @ in a location is part of it' -r -f
complete -c esker -n "__fish_esker_using_subcommand hash" -l path -d 'The path in that revision; then @ and : in a location are part of it' -r -F
complete -c esker -n "__fish_esker_using_subcommand hash" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand hash" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand hash" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand hash" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand hash" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand hash" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand hash" -l no-ignore -d 'Take in what .eskerignore names'
complete -c esker -n "__fish_esker_using_subcommand hash" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand hash" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand hash" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand hash" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand hash" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand hash" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand hash" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand hash" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stats" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stats" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stats" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stats" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stats" -l remotes -d 'Ask every remote, too, what it holds, and say what is only here or only there'
complete -c esker -n "__fish_esker_using_subcommand stats" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stats" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stats" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stats" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stats" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stats" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand branch" -l merged -d 'List only branches that REV has all commits of' -r -f
complete -c esker -n "__fish_esker_using_subcommand branch" -l no-merged -d 'List only branches with commits that REV does not have' -r -f
complete -c esker -n "__fish_esker_using_subcommand branch" -l contains -d 'List only branches that have this commit' -r -f
complete -c esker -n "__fish_esker_using_subcommand branch" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand branch" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand branch" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand branch" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand branch" -s l -l list -d 'List branches, only those whose names match a pattern'
complete -c esker -n "__fish_esker_using_subcommand branch" -s a -l all -d 'List also what remotes had'
complete -c esker -n "__fish_esker_using_subcommand branch" -s r -l remotes -d 'List only what remotes had'
complete -c esker -n "__fish_esker_using_subcommand branch" -s m -l move -d 'Rename a branch, the current one by default'
complete -c esker -n "__fish_esker_using_subcommand branch" -s d -l delete -d 'Delete branches whose commits HEAD has, too'
complete -c esker -n "__fish_esker_using_subcommand branch" -s D -d 'Delete branches, whatever they have'
complete -c esker -n "__fish_esker_using_subcommand branch" -s f -l force -d 'Move or replace a branch that is there'
complete -c esker -n "__fish_esker_using_subcommand branch" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand branch" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand branch" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand branch" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand branch" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand branch" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand branch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand switch" -s c -l create -d 'Make this branch and move to it' -r -f
complete -c esker -n "__fish_esker_using_subcommand switch" -l force-create -d 'The same, and if the branch is there it moves' -r -f
complete -c esker -n "__fish_esker_using_subcommand switch" -l orphan -d 'Move to a new branch without commits, and take all tracked files away' -r -f
complete -c esker -n "__fish_esker_using_subcommand switch" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand switch" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand switch" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand switch" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand switch" -s d -l detach -d 'Leave branches: HEAD names the commit itself'
complete -c esker -n "__fish_esker_using_subcommand switch" -s f -l force -l discard-changes -d 'Drop unsaved work'
complete -c esker -n "__fish_esker_using_subcommand switch" -s n -l dry-run -d 'Only say what would change'
complete -c esker -n "__fish_esker_using_subcommand switch" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand switch" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand switch" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand switch" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand switch" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand switch" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand switch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand checkout" -s b -d 'Make this branch there and move to it, as `esker switch -c` does' -r -f
complete -c esker -n "__fish_esker_using_subcommand checkout" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand checkout" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand checkout" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand checkout" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand checkout" -s f -l force -d 'Overwrite unsaved work'
complete -c esker -n "__fish_esker_using_subcommand checkout" -s n -l dry-run -d 'Only say what would change'
complete -c esker -n "__fish_esker_using_subcommand checkout" -l ours -d 'Resolve conflicts at the paths to our side'
complete -c esker -n "__fish_esker_using_subcommand checkout" -l theirs -d 'Resolve conflicts at the paths to their side'
complete -c esker -n "__fish_esker_using_subcommand checkout" -l detach -d 'Leave the branch: HEAD names the commit itself'
complete -c esker -n "__fish_esker_using_subcommand checkout" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand checkout" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand checkout" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand checkout" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand checkout" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand checkout" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand checkout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand tag" -l points-at -d 'List only tags of this commit' -r -f
complete -c esker -n "__fish_esker_using_subcommand tag" -s m -l message -d 'Why, in words; several are paragraphs' -r -f
complete -c esker -n "__fish_esker_using_subcommand tag" -s F -l file -d 'Take the message from a file; `-` is standard input' -r -F
complete -c esker -n "__fish_esker_using_subcommand tag" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand tag" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand tag" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand tag" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand tag" -s l -l list -d 'List tags, only those whose names match a pattern'
complete -c esker -n "__fish_esker_using_subcommand tag" -s d -l delete -d 'Delete tags'
complete -c esker -n "__fish_esker_using_subcommand tag" -s a -l annotate -d 'Make a tag that says who made it, when and why; needs a message'
complete -c esker -n "__fish_esker_using_subcommand tag" -s f -l force -d 'Move the tag if it is there'
complete -c esker -n "__fish_esker_using_subcommand tag" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand tag" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand tag" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand tag" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand tag" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand tag" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand tag" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand merge" -s m -l message -d 'The message of the commit' -r -f
complete -c esker -n "__fish_esker_using_subcommand merge" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand merge" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand merge" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand merge" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand merge" -l ff-only -d 'Only move the branch on; fail where a commit would be needed'
complete -c esker -n "__fish_esker_using_subcommand merge" -l no-ff -d 'Make a commit even where the branch could just move on'
complete -c esker -n "__fish_esker_using_subcommand merge" -l ours -d 'Resolve every conflict to our side'
complete -c esker -n "__fish_esker_using_subcommand merge" -l theirs -d 'Resolve every conflict to their side'
complete -c esker -n "__fish_esker_using_subcommand merge" -l allow-unrelated-histories -d 'Merge histories that have no commit in common'
complete -c esker -n "__fish_esker_using_subcommand merge" -s n -l dry-run -d 'Only say what would change, and which paths conflict'
complete -c esker -n "__fish_esker_using_subcommand merge" -l abort -d 'Give the merge up: all is as it was before'
complete -c esker -n "__fish_esker_using_subcommand merge" -l continue -d 'Commit the merge once its conflicts are resolved'
complete -c esker -n "__fish_esker_using_subcommand merge" -s f -l force -d 'With --abort: drop also what was changed by hand since'
complete -c esker -n "__fish_esker_using_subcommand merge" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand merge" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand merge" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand merge" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand merge" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand merge" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -s m -l mainline -d 'For a merge: the parent it is compared with, from 1' -r -f
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -s n -l no-commit -d 'Only stage the changes'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -s x -d 'Let each message name the commit it was picked from'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l continue -d 'Commit once the conflicts are resolved, and take the rest'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l skip -d 'Leave the commit out that is in conflict, and take the rest'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l abort -d 'Give it up: all is as it was before the first commit'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -s f -l force -d 'With --abort or --skip: drop also what was changed by hand since'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand cherry-pick" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -f -a "list" -d 'List all worktrees'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -f -a "add" -d 'Make a worktree in a new or empty folder'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -f -a "remove" -d 'Remove a worktree; files that belong to no version stay'
complete -c esker -n "__fish_esker_using_subcommand worktree; and not __fish_seen_subcommand_from list add remove repair" -f -a "repair" -d 'Let worktrees find the repository again after it was moved'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -s b -l branch -d 'Make this branch' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -s d -l detach -d 'Be on no branch'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -s f -l force -d 'Remove the folder with all that is in it, saved or not'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand worktree; and __fish_seen_subcommand_from repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand restore" -s s -l source -d 'Take them from this branch, tag or commit' -r -f
complete -c esker -n "__fish_esker_using_subcommand restore" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand restore" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand restore" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand restore" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand restore" -s S -l staged -d 'Put the stage back'
complete -c esker -n "__fish_esker_using_subcommand restore" -s W -l worktree -d 'Put the worktree back; the default without --staged'
complete -c esker -n "__fish_esker_using_subcommand restore" -s n -l dry-run -d 'Only say what would change'
complete -c esker -n "__fish_esker_using_subcommand restore" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand restore" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand restore" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand restore" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand restore" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand restore" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand reset" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand reset" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand reset" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand reset" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand reset" -l soft -d 'Move the branch alone: what was committed since is staged'
complete -c esker -n "__fish_esker_using_subcommand reset" -l mixed -d 'Also make the stage equal to REV; the default'
complete -c esker -n "__fish_esker_using_subcommand reset" -l hard -d 'Also make the worktree equal to REV: unsaved changes are dropped'
complete -c esker -n "__fish_esker_using_subcommand reset" -s n -l dry-run -d 'Only say what would change, and what would be lost'
complete -c esker -n "__fish_esker_using_subcommand reset" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand reset" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand reset" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand reset" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand reset" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand reset" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand revert" -s m -l mainline -d 'For a merge: the parent to go back to, from 1' -r -f
complete -c esker -n "__fish_esker_using_subcommand revert" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand revert" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand revert" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand revert" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand revert" -s n -l no-commit -d 'Only stage the change'
complete -c esker -n "__fish_esker_using_subcommand revert" -l continue -d 'Commit once the conflicts are resolved, and take the rest'
complete -c esker -n "__fish_esker_using_subcommand revert" -l skip -d 'Leave the commit out that is in conflict, and take the rest'
complete -c esker -n "__fish_esker_using_subcommand revert" -l abort -d 'Give it up: all is as it was before the first commit'
complete -c esker -n "__fish_esker_using_subcommand revert" -s f -l force -d 'With --abort or --skip: drop also what was changed by hand since'
complete -c esker -n "__fish_esker_using_subcommand revert" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand revert" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand revert" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand revert" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand revert" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand revert" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand revert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -s m -l message -d 'What it is, in words' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -s u -l include-untracked -d 'Also put aside files that were never added'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -f -a "push" -d 'Put unsaved work aside; the default'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -f -a "list" -d 'List stashes, the newest first'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -f -a "show" -d 'List what a stash changed'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -f -a "pop" -d 'Bring a stash back and drop it'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -f -a "apply" -d 'Bring a stash back and keep it'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -f -a "drop" -d 'Forget a stash'
complete -c esker -n "__fish_esker_using_subcommand stash; and not __fish_seen_subcommand_from push list show pop apply drop clear" -f -a "clear" -d 'Forget all stashes'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -s m -l message -d 'What it is, in words' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -s u -l include-untracked -d 'Also put aside files that were never added'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -l index -d 'Stage again what was staged'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from pop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -l index -d 'Stage again what was staged'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from drop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand stash; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand clean" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand clean" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand clean" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand clean" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand clean" -s f -l force -d 'Remove; without it, only list'
complete -c esker -n "__fish_esker_using_subcommand clean" -s d -l folders -d 'Also remove folders that hold nothing tracked'
complete -c esker -n "__fish_esker_using_subcommand clean" -s x -l ignored -d 'Also remove what .eskerignore leaves out'
complete -c esker -n "__fish_esker_using_subcommand clean" -s n -l dry-run -d 'Only say what would be removed; this is the default'
complete -c esker -n "__fish_esker_using_subcommand clean" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand clean" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand clean" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand clean" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand clean" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand clean" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand clean" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand reflog" -s n -l max-count -d 'Show at most N moves; -N is the same' -r -f
complete -c esker -n "__fish_esker_using_subcommand reflog" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand reflog" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand reflog" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand reflog" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand reflog" -l names -d 'List the names of all refs that have moves, also of those that were deleted'
complete -c esker -n "__fish_esker_using_subcommand reflog" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand reflog" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand reflog" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand reflog" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand reflog" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand reflog" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand reflog" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "list" -d 'List all remotes'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "add" -d 'Name a remote, after trying out what it can do'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "remove" -d 'Forget a remote; what lies there stays'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "rename" -d 'Give a remote another name'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "set-url" -d 'Say where a remote is now'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "check" -d 'Try out whether a remote can be reached, read and written safely'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "keeps" -d 'List, add or remove keeps: commits that stay though no branch and no tag reaches them'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "accept-history" -d 'Take a remote that went back as it is now'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "gc" -d 'The same as gc --remote'
complete -c esker -n "__fish_esker_using_subcommand remote; and not __fish_seen_subcommand_from list add remove rename set-url check keeps accept-history gc fsck" -f -a "fsck" -d 'The same as fsck --remote'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l profile -d 'Profile of AWS\'s own tools that has the credentials; AWS_PROFILE by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l virtual-host -d 'Name the bucket in the host instead of the path'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l no-check -d 'Do not try it out'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from set-url" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -l remote -d 'The remote; origin by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -f -a "list" -d 'List all keeps'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -f -a "add" -d 'Keep a commit; what the remote lacks of it is sent'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from keeps" -f -a "remove" -d 'Keep commits no longer'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from accept-history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l remote -d 'Give back space of this remote; of origin when no name is given' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l grace -d 'How long files stay after nothing needs them: 0, 30m, 12h, 14d; 1d by default, 14d on a remote' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l reflog -d 'How long places that a branch or HEAD has left keep their data' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -s n -l dry-run -d 'Say what would be freed, and why, and change nothing'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l exact -d 'Pack anew all packs of which anything is not needed, not only those of which much is not'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l alone -d 'Nobody else writes to the remote now: needed for a store that takes two writers for one'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from gc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l remote -d 'Check this remote; origin when no name is given' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l sample -d 'Also read a random part of the data, such as 5%' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l from -d 'Store again what is lost and is in the repository in DIR, a clone or a copy of this one' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l data -d 'Also read all data and compare it with its ids'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l rebuild -d 'First make tables, caches and refs anew from the packs and refs.log'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l repair -d 'Store again what is lost and whose files are in the worktree; on a remote: what is here'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand remote; and __fish_seen_subcommand_from fsck" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand push" -l force-with-lease -d 'Replace what is there if it is what was last seen, or REF:REVISION' -r -f
complete -c esker -n "__fish_esker_using_subcommand push" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand push" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand push" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand push" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand push" -l all -d 'Push all branches'
complete -c esker -n "__fish_esker_using_subcommand push" -l tags -d 'Push all tags'
complete -c esker -n "__fish_esker_using_subcommand push" -s d -l delete -d 'Delete the named branches or tags on the remote'
complete -c esker -n "__fish_esker_using_subcommand push" -s f -l force -d 'Replace what is there, even if commits are left behind'
complete -c esker -n "__fish_esker_using_subcommand push" -s u -l set-upstream -d 'Remember the remote as the branch\'s own'
complete -c esker -n "__fish_esker_using_subcommand push" -l resume -d 'Go on with the push that was cut short, with the refs that were named then'
complete -c esker -n "__fish_esker_using_subcommand push" -l evict -d 'Once it is there, let go of the repository\'s copy of what HEAD holds; files on disk stay'
complete -c esker -n "__fish_esker_using_subcommand push" -s n -l dry-run -d 'Only say what would be sent'
complete -c esker -n "__fish_esker_using_subcommand push" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand push" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand push" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand push" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand push" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand push" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand fetch" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand fetch" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand fetch" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand fetch" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand fetch" -s p -l prune -d 'Forget branches that are gone from the remote'
complete -c esker -n "__fish_esker_using_subcommand fetch" -l unshallow -d 'Bring the history that `clone --depth` left out, too'
complete -c esker -n "__fish_esker_using_subcommand fetch" -l all-data -d 'Bring all files of all versions that are not here: the clone is whole then'
complete -c esker -n "__fish_esker_using_subcommand fetch" -s n -l dry-run -d 'Only say what would be brought'
complete -c esker -n "__fish_esker_using_subcommand fetch" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand fetch" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand fetch" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand fetch" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand fetch" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand fetch" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand fetch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand pull" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand pull" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand pull" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand pull" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand pull" -s r -l rebase -d 'Make the commits that are only here anew on top of the remote\'s'
complete -c esker -n "__fish_esker_using_subcommand pull" -s m -l merge -d 'Join both sides in a merge'
complete -c esker -n "__fish_esker_using_subcommand pull" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand pull" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand pull" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand pull" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand pull" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand pull" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand ls-remote" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand mirror" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand mirror" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand mirror" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand mirror" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand mirror" -s f -l force -d 'Replace what is there, even if commits are left behind'
complete -c esker -n "__fish_esker_using_subcommand mirror" -l prune -d 'Delete branches and tags there that FROM has not; keeps stay'
complete -c esker -n "__fish_esker_using_subcommand mirror" -s n -l dry-run -d 'Only say what would be sent'
complete -c esker -n "__fish_esker_using_subcommand mirror" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand mirror" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand mirror" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand mirror" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand mirror" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand mirror" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand mirror" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand get" -s o -l output -d 'Where it goes; by default a file or folder of the same name' -r -f
complete -c esker -n "__fish_esker_using_subcommand get" -l rev -d 'The revision; then @ in a location is part of it' -r -f
complete -c esker -n "__fish_esker_using_subcommand get" -l path -d 'The path in that revision; then @ and : in a location are part of it' -r -F
complete -c esker -n "__fish_esker_using_subcommand get" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand get" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand get" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand get" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand get" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand get" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand get" -l locked -d 'Get what esker.lock pins'
complete -c esker -n "__fish_esker_using_subcommand get" -s f -l force -d 'Replace files there that differ'
complete -c esker -n "__fish_esker_using_subcommand get" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand get" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand get" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand get" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand get" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand get" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand get" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand pin" -l rev -d 'Pin this revision instead of HEAD; then @ in a location is part of it' -r -f
complete -c esker -n "__fish_esker_using_subcommand pin" -l path -d 'The path at a location; then @ and : in the location are part of it' -r -F
complete -c esker -n "__fish_esker_using_subcommand pin" -l remote -d 'The remote that has it, where there are several' -r -f
complete -c esker -n "__fish_esker_using_subcommand pin" -s o -l output -d 'Where the data goes; where it lies, or a name of the same, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand pin" -l endpoint -d 'URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand pin" -l region -d 'Region of the bucket; AWS_REGION by default, else it is asked for' -r -f
complete -c esker -n "__fish_esker_using_subcommand pin" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand pin" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand pin" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand pin" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand pin" -l anonymous -d 'Sign nothing: for buckets that anyone may read'
complete -c esker -n "__fish_esker_using_subcommand pin" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand pin" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand pin" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand pin" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand pin" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand pin" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand pin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand update" -l rev -d 'The revision to pin; by default the newest commit of the branch that was pinned' -r -f
complete -c esker -n "__fish_esker_using_subcommand update" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand update" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand update" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand update" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand update" -s n -l dry-run -d 'Only say what would change'
complete -c esker -n "__fish_esker_using_subcommand update" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand update" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand update" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand update" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand update" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand update" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand verify" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand verify" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand verify" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand verify" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand verify" -l locked -d 'Compare with esker.lock'
complete -c esker -n "__fish_esker_using_subcommand verify" -l data -d 'Read every byte, also of files that have not changed'
complete -c esker -n "__fish_esker_using_subcommand verify" -l remote -d 'Ask the remotes whether they have what is pinned, rather than look at the disk'
complete -c esker -n "__fish_esker_using_subcommand verify" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand verify" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand verify" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand verify" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand verify" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand verify" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand cache-key" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand cache-key" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand cache-key" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand cache-key" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand cache-key" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand cache-key" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand cache-key" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand cache-key" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand cache-key" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand cache-key" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand cache-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand fsck" -l remote -d 'Check this remote; origin when no name is given' -r -f
complete -c esker -n "__fish_esker_using_subcommand fsck" -l sample -d 'Also read a random part of the data, such as 5%' -r -f
complete -c esker -n "__fish_esker_using_subcommand fsck" -l from -d 'Store again what is lost and is in the repository in DIR, a clone or a copy of this one' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand fsck" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand fsck" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand fsck" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand fsck" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand fsck" -l data -d 'Also read all data and compare it with its ids'
complete -c esker -n "__fish_esker_using_subcommand fsck" -l rebuild -d 'First make tables, caches and refs anew from the packs and refs.log'
complete -c esker -n "__fish_esker_using_subcommand fsck" -l repair -d 'Store again what is lost and whose files are in the worktree; on a remote: what is here'
complete -c esker -n "__fish_esker_using_subcommand fsck" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand fsck" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand fsck" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand fsck" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand fsck" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand fsck" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand fsck" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand gc" -l remote -d 'Give back space of this remote; of origin when no name is given' -r -f
complete -c esker -n "__fish_esker_using_subcommand gc" -l grace -d 'How long files stay after nothing needs them: 0, 30m, 12h, 14d; 1d by default, 14d on a remote' -r -f
complete -c esker -n "__fish_esker_using_subcommand gc" -l reflog -d 'How long places that a branch or HEAD has left keep their data' -r -f
complete -c esker -n "__fish_esker_using_subcommand gc" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand gc" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand gc" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand gc" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand gc" -s n -l dry-run -d 'Say what would be freed, and why, and change nothing'
complete -c esker -n "__fish_esker_using_subcommand gc" -l exact -d 'Pack anew all packs of which anything is not needed, not only those of which much is not'
complete -c esker -n "__fish_esker_using_subcommand gc" -l alone -d 'Nobody else writes to the remote now: needed for a store that takes two writers for one'
complete -c esker -n "__fish_esker_using_subcommand gc" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand gc" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand gc" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand gc" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand gc" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand gc" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand gc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand evict" -l remote -d 'The remote that must have it; the branch\'s own, or origin, by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand evict" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand evict" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand evict" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand evict" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand evict" -l keep-files -d 'Leave the files on disk; only the repository\'s copy goes'
complete -c esker -n "__fish_esker_using_subcommand evict" -s n -l dry-run -d 'Only say what would go'
complete -c esker -n "__fish_esker_using_subcommand evict" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand evict" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand evict" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand evict" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand evict" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand evict" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand evict" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand repack" -l level -d 'Compress everything anew at this level, 1 to 22' -r -f
complete -c esker -n "__fish_esker_using_subcommand repack" -l chunker -d 'Cut files anew into chunks of this average length: 32K, 256K, 1M' -r -f
complete -c esker -n "__fish_esker_using_subcommand repack" -l grace -d 'How long packs that held something unneeded stay on disk: 0, 30m, 12h, 14d' -r -f
complete -c esker -n "__fish_esker_using_subcommand repack" -l reflog -d 'How long places that a branch or HEAD has left keep their data' -r -f
complete -c esker -n "__fish_esker_using_subcommand repack" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand repack" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand repack" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand repack" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand repack" -s n -l dry-run -d 'Say what would be rewritten, and change nothing'
complete -c esker -n "__fish_esker_using_subcommand repack" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand repack" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand repack" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand repack" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand repack" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand repack" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand repack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand forget" -l keep-last -d 'Keep the files of the newest N commits of each branch, as `log` orders them' -r -f
complete -c esker -n "__fish_esker_using_subcommand forget" -l before -d 'Keep the files of commits of this date or later: 2024-01-31, \'6 months ago\'' -r -f
complete -c esker -n "__fish_esker_using_subcommand forget" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand forget" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand forget" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand forget" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand forget" -s n -l dry-run -d 'Say which commits would lose their files, and how many bytes that frees; change nothing'
complete -c esker -n "__fish_esker_using_subcommand forget" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand forget" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand forget" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand forget" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand forget" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand forget" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand purge" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand purge" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand purge" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand purge" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand purge" -s n -l dry-run -d 'Say what would get another id, and how many bytes that frees; change nothing'
complete -c esker -n "__fish_esker_using_subcommand purge" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand purge" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand purge" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand purge" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand purge" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand purge" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -f -a "list" -d 'List the repositories that use the store'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -f -a "forget" -d 'Keep nothing any more for a repository that is gone for good'
complete -c esker -n "__fish_esker_using_subcommand store; and not __fish_seen_subcommand_from list forget repair" -f -a "repair" -d 'Let the repository here find its store after that was moved'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -l store -d 'The store\'s folder; by default that of the repository here' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -s f -l force -d 'Also one that is there; its next command makes it known again, and a gc before that takes its data'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand store; and __fish_seen_subcommand_from repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand config" -l unset -d 'Remove KEY from the file' -r -f
complete -c esker -n "__fish_esker_using_subcommand config" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand config" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand config" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand config" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand config" -s l -l list -d 'List all settings'
complete -c esker -n "__fish_esker_using_subcommand config" -l show-origin -d 'Also show where each setting comes from'
complete -c esker -n "__fish_esker_using_subcommand config" -l global -l user -d 'Change your file, for all your repositories'
complete -c esker -n "__fish_esker_using_subcommand config" -l system -d 'Change the machine\'s file'
complete -c esker -n "__fish_esker_using_subcommand config" -l local -d 'Change the file of this repository on this machine'
complete -c esker -n "__fish_esker_using_subcommand config" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand config" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand config" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand config" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand config" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand config" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand doctor" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand doctor" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand doctor" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand doctor" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand doctor" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand doctor" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand doctor" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand doctor" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand doctor" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand doctor" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c esker -n "__fish_esker_using_subcommand help" -s C -d 'Run as if started in DIR' -r -f -a "(__fish_complete_directories)"
complete -c esker -n "__fish_esker_using_subcommand help" -l color -d 'When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR' -r -f -a "auto\t'When the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c esker -n "__fish_esker_using_subcommand help" -l jobs -d 'How many threads work at once; all cores by default' -r -f
complete -c esker -n "__fish_esker_using_subcommand help" -l limit-rate -d 'How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit' -r -f
complete -c esker -n "__fish_esker_using_subcommand help" -l json -d 'Print JSON: one document, or one per line where there are many; errors too, on stderr'
complete -c esker -n "__fish_esker_using_subcommand help" -s q -l quiet -d 'Print results and errors only'
complete -c esker -n "__fish_esker_using_subcommand help" -s v -l verbose -d 'Say more, such as the causes of an error'
complete -c esker -n "__fish_esker_using_subcommand help" -l offline -d 'Ask no remote for anything; what would need one fails with 12'
complete -c esker -n "__fish_esker_using_subcommand help" -l no-progress -d 'Show no progress'
complete -c esker -n "__fish_esker_using_subcommand help" -l no-pager -d 'Print long output as it is, without a pager'
complete -c esker -n "__fish_esker_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
