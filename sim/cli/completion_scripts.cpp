// What the shells read. They know nothing of pushsim but how to ask it.

#include "sim/cli/completion.hpp"

namespace pushsim::cli {
namespace {

constexpr const char* kBash = R"script(# Completion of pushsim for bash.
# For this shell:   source <(pushsim completion bash)
# For all to come:  pushsim completion bash > ~/.local/share/bash-completion/completions/pushsim
_pushsim() {
    local program=${COMP_WORDS[0]/#\~/$HOME} word=${COMP_WORDS[COMP_CWORD]} line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files | :folders)
                # In "--out=runs" bash takes "=" for a word.
                [[ $word == = ]] && word=
                local kind=-f
                [[ $line == :folders ]] && kind=-d
                compopt -o filenames 2>/dev/null
                while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$kind" -- "$word")
                ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("$program" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _pushsim pushsim
)script";

constexpr const char* kZsh = R"script(#compdef pushsim
# Completion of pushsim for zsh.
# For this shell:   source <(pushsim completion zsh)
# For all to come:  pushsim completion zsh > FOLDER/_pushsim, with FOLDER in $fpath
_pushsim() {
    local line name directive= prefix=
    local -a candidates
    # A value behind "=" is completed on its own.
    [[ ${words[CURRENT]} == --*=* ]] && prefix=1
    for line in "${(@f)$(${~words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            :files | :folders) directive=$line ;;
            ?*)
                name=${line%%$'\t'*}
                [[ $line == *$'\t'* ]] && name+=":${line#*$'\t'}"
                candidates+=("$name")
                ;;
        esac
    done
    [[ -n $prefix ]] && compset -P '*='
    (( ${#candidates} )) && _describe pushsim candidates
    case $directive in
        :files) _files ;;
        :folders) _files -/ ;;
    esac
}
if [[ ${funcstack[1]} == _pushsim ]]; then
    _pushsim "$@"
else
    compdef _pushsim pushsim
fi
)script";

constexpr const char* kFish = R"script(# Completion of pushsim for fish.
# For this shell:   pushsim completion fish | source
# For all to come:  pushsim completion fish > ~/.config/fish/completions/pushsim.fish
function __pushsim_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    # A value behind "=" is shown with its option.
    set -l before (string match -r '^--[^=]*=' -- "$word")
    for line in ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case :files
                string replace -r -- '^' "$before" (__fish_complete_path (string replace -- "$before" '' "$word"))
            case :folders
                string replace -r -- '^' "$before" (__fish_complete_directories (string replace -- "$before" '' "$word"))
            case '*'
                echo "$before$line"
        end
    end
end
complete -c pushsim -f -a '(__pushsim_complete)'
)script";

}  // namespace

const std::vector<std::string>& shells() {
    static const std::vector<std::string> all = {"bash", "zsh", "fish"};
    return all;
}

std::string completion_script(const std::string& shell) {
    if (shell == "bash") return kBash;
    if (shell == "zsh") return kZsh;
    return shell == "fish" ? kFish : "";
}

}  // namespace pushsim::cli
