# Completion of openhost, openfw and tcpquota for bash. Users and groups come from the system and the
# configuration; nothing is asked of the daemon while one types.

_tcpquota_configuration() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == --config || (${COMP_WORDS[i]} == -c && ${COMP_WORDS[0]} == *tcpquota) ]]; then
            printf '%s' "${COMP_WORDS[i + 1]}"
            return
        fi
    done
    printf '%s' /etc/tcpquota/tcpquota.cf
}

_tcpquota_groups() {
    sed -n 's/^[[:blank:]]*[Gg][Rr][Oo][Uu][Pp][Ss][[:blank:]]*=//p' "$(_tcpquota_configuration)" 2>/dev/null
}

_openhost() {
    local word=${COMP_WORDS[COMP_CWORD]}
    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --config ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W '--detach --close --config --help --version' -- "$word")
    fi
}

_openfw() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    case $before in
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --for) mapfile -t COMPREPLY < <(compgen -W '15m 30m 45m 1h 90m 2h' -- "$word") ;;
    --until) COMPREPLY=() ;;
    --log) mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
    *)
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '--open --close --for --until -g -a -c -l --log --json
                --config --help --version' -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -W "$(_tcpquota_groups)" -- "$word"; compgen -A hostname -- "$word")
        fi
        ;;
    esac
}

_tcpquota() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i
    local commands='show list allowed hosts why log openfw-log sessions period usage audit top connections backup
        check sql prune import rules allow deny add take set delete'
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config) i=$((i + 1)) ;;
        -*) ;;
        *) command=${COMP_WORDS[i]} && break ;;
        esac
    done
    case $before in
    -c | --config) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    --by) mapfile -t COMPREPLY < <(compgen -W 'hour day month' -- "$word") && return ;;
    --reason | --from | --to | --before) COMPREPLY=() && return ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--config --json --help --version --reason --new --yes
            --from --to --by --before' -- "$word")
        return
    fi
    case $command in
    '') mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word") ;;
    show | allowed | why | log | sessions | usage | allow | deny | add | take | set | delete)
        mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
    period) mapfile -t COMPREPLY < <(compgen -W 'list new' -- "$word") ;;
    backup | import) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *) COMPREPLY=() ;;
    esac
}

complete -F _openhost openhost
complete -F _openfw openfw
complete -F _tcpquota tcpquota
