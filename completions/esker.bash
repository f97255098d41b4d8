# Completion of esker for bash 4.4 and newer. The program itself says what may come next: esker help completion.

_esker() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() full prefix= breaks= piece mode= value i
    # Bash splits words at : = @, and so would take main:data for three. What has no blank before it belongs to
    # the word before.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        local trimmed=${rest#"${rest%%[![:space:]]*}"}
        piece=${COMP_WORDS[i]}
        ((i == COMP_CWORD)) && piece=$trimmed
        if ((i > 0)) && [[ $trimmed == "$rest" ]]; then
            words[${#words[@]} - 1]+=$piece
        else
            words+=("$piece")
        fi
        rest=${trimmed#"$piece"}
    done
    for ((i = 1; i < ${#words[@]}; i++)); do
        words[i]=${words[i]//[\\\"\']/}
    done
    full=${words[${#words[@]} - 1]}
    # Bash replaces only what comes after the last of those characters.
    for i in : = @; do
        [[ $COMP_WORDBREAKS == *"$i"* ]] && breaks+=$i
    done
    [[ -n $breaks ]] && prefix=${full%"${full##*[$breaks]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        if [[ -z $mode ]]; then
            mode=$value
        else
            value=${value#"$prefix"}
            COMPREPLY+=("$(printf %q "$value")")
        fi
    done < <("$1" complete -- "${words[@]:1}" 2>/dev/null)
    case $mode in
        files) compopt -o default ;;
        folders) compopt -o dirnames ;;
    esac
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:/=] ]]; then
        compopt -o nospace
    fi
}

complete -F _esker esker
