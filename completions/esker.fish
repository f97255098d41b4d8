# Completion of esker for fish. The program itself says what may come next: esker help completion.

function __esker_complete
    set -l before (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    test -z "$current"; and set current ''
    set -l answer (command esker complete -- $before[2..] $current 2>/dev/null)
    printf '%s\n' $answer[2..]
    switch "$answer[1]"
        case files
            __fish_complete_path $current
        case folders
            __fish_complete_directories $current
    end
end

complete --command esker --no-files --arguments '(__esker_complete)'
