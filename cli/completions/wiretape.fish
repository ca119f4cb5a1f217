# SPDX-License-Identifier: Apache-2.0
# fish completion for wiretape(1).

function __wiretape_recordings
    wiretape record list --json 2>/dev/null | string match -ar '\{"name":"[^"]*"' | string replace -r '.*"name":"([^"]*)".*' '$1'
end

# Whether the line is about this command: record create, analyze ...
function __wiretape_in
    set -l words (commandline -opc)[2..-1]
    test "$words[1..(count $argv)]" = "$argv"
end

function __wiretape_before_command
    test (count (commandline -opc)) -eq 1
end

complete -c wiretape -f
complete -c wiretape -s h -l help -d 'Show help'
complete -c wiretape -l config -r -F -d 'The configuration file'
complete -c wiretape -n __wiretape_before_command -l version -d 'Show the version'
complete -c wiretape -n __wiretape_before_command -l help-all -d 'Show the help of all commands'
complete -c wiretape -n __wiretape_before_command -a record -d 'Make recordings, and look after them'
complete -c wiretape -n __wiretape_before_command -a analyze -d 'Ask recordings and capture files'
complete -c wiretape -n __wiretape_before_command -a interfaces -d 'Show what can be captured here'
complete -c wiretape -n __wiretape_before_command -a kfl -d 'Check and explain statements'

set -l record '__wiretape_in record; and test (count (commandline -opc)) -eq 2'
complete -c wiretape -n $record -a create -d 'Make a recording'
complete -c wiretape -n $record -a list -d 'List all recordings'
complete -c wiretape -n $record -a show -d 'Show one recording'
complete -c wiretape -n $record -a stop -d 'End recordings that are being made'
complete -c wiretape -n $record -a delete -d 'Delete recordings'
complete -c wiretape -n $record -a run -d 'Run every job of the store, as a service'
complete -c wiretape -n $record -a prune -d 'Remove what has expired'
complete -c wiretape -n $record -a verify -d 'Check every file of recordings'

set -l kfl '__wiretape_in kfl; and test (count (commandline -opc)) -eq 2'
complete -c wiretape -n $kfl -a check -d 'Check a statement'
complete -c wiretape -n $kfl -a explain -d 'Show how a statement is understood'
complete -c wiretape -n $kfl -a fields -d 'List the fields of the protocols'
complete -c wiretape -n $kfl -a match -d 'Filter JSON documents'

complete -c wiretape -n '__wiretape_in kfl fields' -l json -d 'As JSON'
complete -c wiretape -n '__wiretape_in kfl fields' -l mdoc -d 'As the source of a man page'

# The statement, of the commands that take one.
for command in 'record create' analyze 'kfl check' 'kfl explain' 'kfl match'
    complete -c wiretape -n "__wiretape_in $command" -l kfl -x -d 'The statement as an option'
    complete -c wiretape -n "__wiretape_in $command" -l kfl-file -r -F -d 'Read the statement from a file'
    complete -c wiretape -n "__wiretape_in $command" -l macro -x -d 'An own word of the language'
end
for command in 'record create' analyze
    complete -c wiretape -n "__wiretape_in $command" -l body-limit -x -d 'Keep so much of each body'
    complete -c wiretape -n "__wiretape_in $command" -l proto-path -x -a '(__fish_complete_directories)' -d 'Name what gRPC messages hold after .proto files'
    complete -c wiretape -n "__wiretape_in $command" -l descriptor-set -r -F -d 'Name what gRPC messages hold after a descriptor set'
    complete -c wiretape -n "__wiretape_in $command" -l workers -x -d 'Threads that take traffic apart'
    complete -c wiretape -n "__wiretape_in $command" -s r -r -F -d 'Read a capture file'
    complete -c wiretape -n "__wiretape_in $command" -s f -x -d 'Packet filter'
    complete -c wiretape -n "__wiretape_in $command" -s i -l interface -x -a 'any (command ls /sys/class/net)' -d 'Capture on an interface'
    complete -c wiretape -n "__wiretape_in $command" -s s -l snapshot-length -x -d 'Capture so many bytes of each packet'
    complete -c wiretape -n "__wiretape_in $command" -s B -l buffer-size -x -d 'The capture buffer of the kernel'
    complete -c wiretape -n "__wiretape_in $command" -s p -l no-promiscuous-mode -d 'Capture only what is for this machine'
    complete -c wiretape -n "__wiretape_in $command" -s Q -l direction -x -a 'in out inout' -d 'Capture only packets that come in, or go out'
    complete -c wiretape -n "__wiretape_in $command" -s y -l linktype -x -d 'Link type to capture with'
    complete -c wiretape -n "__wiretape_in $command" -s j -l time-stamp-type -x -d 'Time stamps to capture with'
end
for command in 'record create' 'record list' 'record show' 'record run' 'record stop' 'record delete' 'record prune' 'record verify' analyze
    complete -c wiretape -n "__wiretape_in $command" -l store -x -a '(__fish_complete_directories)' -d 'The folder of all recordings'
end
for command in 'record create' 'record list' 'record show' 'record delete' 'record prune' 'record verify' interfaces
    complete -c wiretape -n "__wiretape_in $command" -l json -d 'As JSON'
end
for command in 'record create' 'record show' 'record verify' analyze
    complete -c wiretape -n "__wiretape_in $command" -l max-loss -x -d 'Exit with status 21 when more was lost'
end
for command in 'record list' 'record show' 'record stop' 'record delete' 'record verify'
    complete -c wiretape -n "__wiretape_in $command" -a '(__wiretape_recordings)'
end

complete -c wiretape -n '__wiretape_in record create' -l name -x -d 'Its name'
complete -c wiretape -n '__wiretape_in record create' -s D -l list-interfaces -d 'Show what can be captured here'
complete -c wiretape -n '__wiretape_in record create' -l duration -x -d 'End after so many minutes'
complete -c wiretape -n '__wiretape_in record create' -s Z -l relinquish-privileges -x -a '(__fish_complete_users)' -d 'Write as this user'
complete -c wiretape -n '__wiretape_in record create' -s c -x -d 'End after so many packets'
complete -c wiretape -n '__wiretape_in record create' -l segment-size -x -d 'Begin a new file after so many bytes'
complete -c wiretape -n '__wiretape_in record create' -l backlog-limit -x -d 'Hold back so much of undecided streams'
complete -c wiretape -n '__wiretape_in record create' -l start -x -d 'Begin at this time of day in UTC'
complete -c wiretape -n '__wiretape_in record create' -l iterations -x -d 'Record on so many days'
complete -c wiretape -n '__wiretape_in record create' -l expiration -x -d 'Keep each day so many minutes'
complete -c wiretape -n '__wiretape_in record create' -l keep-after -x -d 'Keep a stream so long behind its last match'
complete -c wiretape -n '__wiretape_in record create' -l ring -d 'Let the oldest go at the storage limit'
complete -c wiretape -n '__wiretape_in record create' -l on-segment -x -d 'Run this when a segment is finished'
complete -c wiretape -n '__wiretape_in record create' -l on-end -x -d 'Run this when the recording is over'
complete -c wiretape -n '__wiretape_in record create' -l detach -d 'Go on in the background'
complete -c wiretape -n '__wiretape_in record create' -l resume -x -a '(__wiretape_recordings)' -d 'Go on with this recording'
complete -c wiretape -n '__wiretape_in record run' -s Z -l relinquish-privileges -x -d 'Write as this user'
complete -c wiretape -n '__wiretape_in record run' -l workers -x -d 'Threads that take traffic apart'
complete -c wiretape -n '__wiretape_in record run' -s q -d 'Say nothing but errors'
complete -c wiretape -n '__wiretape_in record create' -l spool-limit -x -d 'Move so much of what is held back to a file'
complete -c wiretape -n '__wiretape_in record create' -l storage-limit -x -d 'Take no more room than this'
complete -c wiretape -n '__wiretape_in record create' -l force -d 'Start even when the statement can never match'
complete -c wiretape -n '__wiretape_in record create' -l keep-clear-packets -d 'Keep the packets although the statement redacts'
complete -c wiretape -n '__wiretape_in record create' -s q -d 'Say nothing but errors'
complete -c wiretape -n '__wiretape_in record create' -s v -d 'Say what was understood'
complete -c wiretape -n '__wiretape_in record list' -l state -x -a 'scheduled recording waiting completed stopped failed interrupted' -d 'Only those in this state'
for command in 'record list' 'record show'
    complete -c wiretape -n "__wiretape_in $command" -l watch -d 'Draw it again each second'
end
complete -c wiretape -n '__wiretape_in record show' -l last -x -d 'So many of the latest calls'
complete -c wiretape -n '__wiretape_in record delete' -l yes -d 'Do not ask'
complete -c wiretape -n '__wiretape_in record prune' -l dry-run -d 'Only say what would be removed'
complete -c wiretape -n '__wiretape_in record prune' -s v -d 'Say so when nothing has expired'
complete -c wiretape -n '__wiretape_in record verify' -s v -d 'Show the good files, too'

complete -c wiretape -n '__wiretape_in analyze' -l follow -d 'Go on with recordings that are being made'
complete -c wiretape -n '__wiretape_in analyze' -s Y -x -d 'The statement as an option'
complete -c wiretape -n '__wiretape_in analyze' -s T -x -a 'text json ndjson fields csv' -d 'How calls are shown'
complete -c wiretape -n '__wiretape_in analyze' -s e -x -d 'A field to show'
complete -c wiretape -n '__wiretape_in analyze' -s E -x -a 'separator= header=y quote=d quote=s occurrence=f occurrence=l aggregator=' -d 'A setting of fields and csv'
complete -c wiretape -n '__wiretape_in analyze' -s t -x -a 'u ud a ad e r d' -d 'Format of the time'
complete -c wiretape -n '__wiretape_in analyze' -l color -x -a 'auto always never' -d 'Colours'
complete -c wiretape -n '__wiretape_in analyze' -s V -d 'Show the whole call'
complete -c wiretape -n '__wiretape_in analyze' -s n -d 'Show addresses, not names'
complete -c wiretape -n '__wiretape_in analyze' -s l -d 'Write each call at once'
complete -c wiretape -n '__wiretape_in analyze' -s c -x -d 'End after so many calls'
complete -c wiretape -n '__wiretape_in analyze' -s w -r -F -d 'Write the packets'
complete -c wiretape -n '__wiretape_in analyze' -l l4 -d 'Show connections and flows too'
complete -c wiretape -n '__wiretape_in analyze' -l redissect -d 'Take the packets apart again'
complete -c wiretape -n '__wiretape_in analyze' -l fail-empty -d 'Exit with status 20 when nothing matches'
