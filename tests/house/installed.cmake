# SPDX-License-Identifier: Apache-2.0
# What a package would hold is complete: the program runs from there, every man page, completion and example is there.
#   cmake -DROOT=... -DBUILD=... -P installed.cmake
cmake_minimum_required(VERSION 3.25)

set(prefix ${BUILD}/installed)
file(REMOVE_RECURSE ${prefix})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix}
                RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE said)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "cmake --install: ${said}")
endif()

set(missing "")
function(expect_file path)
  if(NOT EXISTS ${prefix}/${path})
    set(missing "${missing}  ${path}\n" PARENT_SCOPE)
  endif()
endfunction()

execute_process(COMMAND ${prefix}/bin/wiretape --version RESULT_VARIABLE status OUTPUT_VARIABLE version)
if(NOT status EQUAL 0 OR NOT version MATCHES "[0-9]+\\.[0-9]+\\.[0-9]+")
  message(FATAL_ERROR "wiretape --version: status ${status}: ${version}")
endif()

file(GLOB pages RELATIVE ${ROOT}/man ${ROOT}/man/*.[1-8])
if(NOT pages)
  message(FATAL_ERROR "no man page in ${ROOT}/man")
endif()
foreach(page IN LISTS pages)
  string(REGEX REPLACE ".*\\.([1-8])$" "\\1" section ${page})
  expect_file(share/man/man${section}/${page})
endforeach()

# What a shell cannot read is as good as missing.
function(expect_completion path)
  expect_file(${path})
  set(missing "${missing}" PARENT_SCOPE)
  execute_process(COMMAND ${ARGN} ${prefix}/${path} RESULT_VARIABLE status ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    set(missing "${missing}  ${path} (a shell refuses it: ${said})\n" PARENT_SCOPE)
  endif()
endfunction()
expect_completion(share/bash-completion/completions/wiretape bash -n)
expect_completion(share/zsh/vendor-completions/_wiretape zsh -n)
expect_completion(share/fish/vendor_completions.d/wiretape.fish fish --no-execute)

file(GLOB_RECURSE examples RELATIVE ${ROOT}/examples ${ROOT}/examples/*)
list(REMOVE_ITEM examples CMakeLists.txt)
foreach(example IN LISTS examples)
  expect_file(share/doc/wiretape/examples/${example})
endforeach()

if(missing)
  message(FATAL_ERROR "not installed:\n${missing}")
endif()
