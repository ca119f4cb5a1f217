# SPDX-License-Identifier: Apache-2.0
# Sources are plain text: UTF-8 (ASCII where the program itself is written), no tabs, no carriage returns, no blanks at a
# line's end, a newline at the end, the licence's line on top, and never longer than a reader can hold.
#   cmake -DROOT=... -P ascii.cmake
cmake_minimum_required(VERSION 3.25)

set(longest 700)  # lines

file(GLOB_RECURSE code RELATIVE ${ROOT} ${ROOT}/lib/*.?pp ${ROOT}/cli/*.?pp ${ROOT}/grammar/*.?pp ${ROOT}/tests/*.?pp)
file(GLOB_RECURSE other RELATIVE ${ROOT} ${ROOT}/lib/*.txt ${ROOT}/lib/*.cmake ${ROOT}/cli/*.txt ${ROOT}/man/* ${ROOT}/tests/*.cmake
     ${ROOT}/tests/*.py ${ROOT}/tests/CMakeLists.txt ${ROOT}/*.md ${ROOT}/examples/*.sh ${ROOT}/examples/*.kfl)

# findings_of(NAME COMMAND...): what a command prints, a line a finding.
set(findings "")
function(findings_of name)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE printed ERROR_VARIABLE said)
  string(APPEND said "${printed}")
  if(said)
    set(findings "${findings}${name}:\n${said}" PARENT_SCOPE)
  endif()
endfunction()

set(ENV{LC_ALL} C)
findings_of("tabs" grep -nP "\\t" ${code} ${other})
findings_of("carriage returns" grep -nP "\\r" ${code} ${other})
findings_of("blanks at the end of the line" grep -nP " +$" ${code} ${other})
set(program ${code})
list(FILTER program INCLUDE REGEX "^(lib|cli|grammar)/")
findings_of("not ASCII" grep -nP "[^\\x00-\\x7F]" ${program})
findings_of("no licence line" grep -L "SPDX-License-Identifier: Apache-2.0" ${code})

execute_process(COMMAND grep -lP "[^\\x00-\\x7F]" ${code} ${other} WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE beyond)
string(REPLACE "\n" ";" beyond "${beyond}")
foreach(source IN LISTS beyond)
  if(source)
    execute_process(COMMAND iconv -f UTF-8 -t UTF-8 ${ROOT}/${source} RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(NOT status EQUAL 0)
      string(APPEND findings "not UTF-8: ${source}\n")
    endif()
  endif()
endforeach()

foreach(source IN LISTS code)
  execute_process(COMMAND tail -c 1 ${ROOT}/${source} OUTPUT_VARIABLE last)
  if(NOT last STREQUAL "\n")
    string(APPEND findings "no newline at the end: ${source}\n")
  endif()
  execute_process(COMMAND sed -n "$=" ${ROOT}/${source} OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(lines GREATER longest)
    string(APPEND findings "${lines} lines, ${longest} are the most: ${source}\n")
  endif()
endforeach()

list(LENGTH code count)
if(count LESS 20)
  message(FATAL_ERROR "only ${count} sources found under ${ROOT}")
endif()
if(findings)
  message(FATAL_ERROR "${findings}")
endif()
message("${count} sources")
