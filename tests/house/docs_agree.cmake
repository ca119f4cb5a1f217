# SPDX-License-Identifier: Apache-2.0
# Every long option that `wiretape --help-all` shows stands in a man page and in each completion, and the man pages of the
# commands speak of no other.
#   cmake -DROOT=... -DWIRETAPE=... -P docs_agree.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${WIRETAPE} --help-all OUTPUT_VARIABLE help RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "wiretape --help-all: status ${status}")
endif()
string(REGEX MATCHALL "--[a-z][a-z0-9-]*" options "${help}")
list(REMOVE_DUPLICATES options)

# What `pattern` finds in the files, each once.
function(found_in pattern result)
  set(all "")
  foreach(file IN LISTS ARGN)
    file(READ ${file} text)
    string(REGEX MATCHALL "${pattern}" found "${text}")
    list(APPEND all ${found})
  endforeach()
  list(REMOVE_DUPLICATES all)
  set(${result} ${all} PARENT_SCOPE)
endfunction()

set(problems "")
function(expect_all what prefix known)
  foreach(option IN LISTS options)
    string(REGEX REPLACE "^--" "${prefix}" spelled ${option})
    if(NOT spelled IN_LIST known)
      string(APPEND problems "  ${option} is missing in ${what}\n")
    endif()
  endforeach()
  set(problems "${problems}" PARENT_SCOPE)
endfunction()

file(GLOB pages ${ROOT}/man/*.1)
found_in("Fl -[a-z][a-z0-9-]*" documented ${pages})
expect_all("the man pages" "Fl -" "${documented}")
foreach(option IN LISTS documented)
  string(REGEX REPLACE "^Fl -" "--" spelled ${option})
  if(NOT spelled IN_LIST options)
    string(APPEND problems "  ${spelled} is in a man page, and no command has it\n")
  endif()
endforeach()

found_in("--[a-z][a-z0-9-]*" completed ${ROOT}/cli/completions/wiretape.bash)
expect_all("wiretape.bash" "--" "${completed}")
found_in("--[a-z][a-z0-9-]*" completed ${ROOT}/cli/completions/_wiretape)
expect_all("_wiretape" "--" "${completed}")
found_in("-l [a-z][a-z0-9-]*" completed ${ROOT}/cli/completions/wiretape.fish)
expect_all("wiretape.fish" "-l " "${completed}")

if(problems)
  message(FATAL_ERROR "options and what is written about them differ:\n${problems}")
endif()
