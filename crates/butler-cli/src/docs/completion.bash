# What is offered are words as they are meant; what bash has and wants are words as they are typed: quoted, and taken apart at `:` and `=`.
_butler_cli() {
    local - 2>/dev/null
    set -o noglob
    local typed=("${COMP_WORDS[@]}") last=$COMP_CWORD mark='^[:=]+$' quote='' before='' word at i
    local COMP_WORDS=() COMP_CWORD=-1
    for ((i = 0; i <= last; i++)); do
        word=${typed[i]}
        if [[ ! $word =~ $mark ]]; then
            if ((i == last)); then
                case $word in [\'\"]*) quote=${word:0:1} ;; esac
                word=$2
            else
                word=${word%[\'\"]}
            fi
            word=${word#[\'\"]}
            if [[ $quote != \' ]]; then word=${word//\\/}; fi
        fi
        if ((i > 0)) && [[ ${typed[i]} =~ $mark || ${typed[i - 1]} =~ $mark ]]; then
            at=$COMP_CWORD
            before=${COMP_WORDS[at]}
            if [[ ${typed[i]} =~ $mark ]]; then before+=$word; fi
            COMP_WORDS[at]+=$word
        else
            before=''
            COMP_WORDS+=("$word")
            ((COMP_CWORD += 1))
        fi
    done
    COMPREPLY=()
    _clap_complete_butler_cli "$1" "${COMP_WORDS[COMP_CWORD]}" "$3"
    for i in "${!COMPREPLY[@]}"; do
        word=${COMPREPLY[i]#"$before"}
        case $quote in
            \') word=${word//\'/\'\\\'\'} ;;
            \")
                word=${word//\\/\\\\}
                word=${word//\"/\\\"}
                word=${word//\$/\\\$}
                word=${word//\`/\\\`}
                ;;
            *) printf -v word %q "$word" ;;
        esac
        COMPREPLY[i]=$word
    done
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _butler_cli butler-cli
else
    complete -o nospace -o bashdefault -F _butler_cli butler-cli
fi
