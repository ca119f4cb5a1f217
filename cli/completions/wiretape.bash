# SPDX-License-Identifier: Apache-2.0
# bash completion for wiretape(1).

# Names of the store's recordings; the line's own --store counts.
_wiretape_recordings() {
  local i store=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == --store ]] && store=(--store "${COMP_WORDS[i + 1]}")
  done
  wiretape record list --json "${store[@]}" 2>/dev/null | grep -o '{"name":"[^"]*"' | cut -d'"' -f4
}

_wiretape() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command="" word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $command:$word in
      :record | :analyze | :interfaces | :kfl) command=$word ;;
      record:create | record:list | record:show | record:run | record:stop | record:delete | record:prune | record:verify) command="record $word" ;;
      kfl:check | kfl:explain | kfl:fields | kfl:match) command="kfl $word" ;;
    esac
  done

  case $previous in
    -r | -w | --kfl-file | --descriptor-set | --config)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
      return
      ;;
    --store | --proto-path)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      compopt -o filenames 2>/dev/null
      return
      ;;
    -T) mapfile -t COMPREPLY < <(compgen -W "text json ndjson fields csv" -- "$current"); return ;;
    -t) mapfile -t COMPREPLY < <(compgen -W "u ud a ad e r d" -- "$current"); return ;;
    -E) mapfile -t COMPREPLY < <(compgen -W "separator= header=y quote=d quote=s occurrence=f occurrence=l aggregator=" -- "$current"); return ;;
    -Q | --direction) mapfile -t COMPREPLY < <(compgen -W "in out inout" -- "$current"); return ;;
    -i | --interface)
      mapfile -t COMPREPLY < <(compgen -W "any $(cd /sys/class/net && echo *)" -- "$current")
      return
      ;;
    -Z | --relinquish-privileges) mapfile -t COMPREPLY < <(compgen -u -- "$current"); return ;;
    --state)
      mapfile -t COMPREPLY < <(compgen -W "scheduled recording waiting completed stopped failed interrupted" -- "$current")
      return
      ;;
    --color) mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$current"); return ;;
    -B | --buffer-size | -s | --snapshot-length | -y | --linktype | -j | --time-stamp-type | --duration) return ;;
    -c | -e | -f | -Y | --kfl | --macro | --name | --last | --segment-size | --backlog-limit | --spool-limit | --storage-limit | --body-limit | --max-loss | --workers | --start | --iterations | --expiration | --keep-after | --on-segment | --on-end)
      return
      ;;
  esac

  local words capture="-i --interface -s --snapshot-length -B --buffer-size -p --no-promiscuous-mode -Q --direction
    -y --linktype -j --time-stamp-type"
  case $command in
    "") words="record analyze interfaces kfl --config --version --help --help-all" ;;
    record) words="create list show run stop delete prune verify --config --help" ;;
    "record create")
      words="$capture -D --list-interfaces --start --iterations --duration --expiration --detach --resume --keep-after --ring --on-segment --on-end -Z --relinquish-privileges --name --kfl --kfl-file --macro -r -f -c --segment-size --backlog-limit --spool-limit --storage-limit --body-limit --proto-path --descriptor-set --max-loss --workers --store
        --force --keep-clear-packets -q -v --json --config --help"
      ;;
    "record list") words="--state --watch --json --store --config --help" ;;
    "record show") words="--last --max-loss --watch --json --store --config --help" ;;
    "record run") words="-Z --relinquish-privileges --workers -q --store --config --help" ;;
    "record stop") words="--store --config --help" ;;
    interfaces) words="--json --config --help" ;;
    "record delete") words="--yes --json --store --config --help" ;;
    "record prune") words="-v --dry-run --json --store --config --help" ;;
    "record verify") words="-v --max-loss --json --store --config --help" ;;
    analyze)
      words="$capture -f --follow -r -Y --kfl --kfl-file --macro -T -e -E -t --color -V -n -l -c -w --l4 --redissect --body-limit --proto-path --descriptor-set --workers --max-loss --fail-empty
        --store --config --help"
      ;;
    kfl) words="check explain fields match --config --help" ;;
    "kfl fields") words="--json --mdoc --config --help" ;;
    kfl*) words="--kfl --kfl-file --macro --config --help" ;;
  esac
  if [[ $current != -* ]]; then
    case $command in
      "record list" | "record show" | "record stop" | "record delete" | "record verify") words=$(_wiretape_recordings) ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _wiretape wiretape
