# SPDX-License-Identifier: Apache-2.0
# Includes only point down: every #include of lib/ and cli/ is held against the table of layers.
#   cmake -DROOT=... -P layers.cmake
cmake_minimum_required(VERSION 3.25)

# A module may include itself and these.
set(all base json net flow entry proto kfl capture kube record engine)
set(base_may "")
set(json_may base)
set(net_may base)
set(flow_may net base)
set(entry_may json base)
set(capture_may net base)
set(kube_may entry json base)
set(record_may net entry json base)
set(proto_may entry json base)
set(kfl_may entry json base)
set(engine_may ${all})
set(cli_may ${all} output)  # output: cli's own folder

# Foreign headers that have one home: a pattern of the header, a pattern of the files that may include it.
set(homes
  "pcap[./]"     "^lib/capture/"
  "tao/pegtl"    "^(lib/kfl/parse\\.cpp|grammar/|tests/unit/kfl/grammar_test\\.cpp)"
  "CLI/"         "^cli/"
  "simdjson"     "^(lib/(json|record|kfl)|cli/output)/"
  "nghttp2/"     "^lib/proto/http2/hpack\\.cpp"
  "openssl/"     "^lib/(record|proto/tls)/"
  "google/protobuf/" "^lib/proto/grpc/proto_files\\.cpp"
  "doctest"      "^tests/unit/")

set(findings "")
file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/lib/*.?pp ${ROOT}/cli/*.?pp ${ROOT}/grammar/*.?pp ${ROOT}/tests/*.?pp)
foreach(source IN LISTS sources)
  file(STRINGS ${ROOT}/${source} includes REGEX "^[ \t]*#[ \t]*include")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE ".*include[ \t]*[<\"]([^>\"]*)[>\"].*" "\\1" header "${include}")

    set(pairs ${homes})
    while(pairs)
      list(POP_FRONT pairs foreign home)
      if(header MATCHES "^${foreign}" AND NOT source MATCHES "${home}")
        string(APPEND findings "  ${source} includes ${header}: only ${home} may\n")
      endif()
    endwhile()

    if(source MATCHES "^tests/" OR NOT include MATCHES "\"")
      continue()
    endif()
    if(source MATCHES "^grammar/")
      if(header MATCHES "/")
        string(APPEND findings "  ${source} includes ${header}: a grammar knows nothing of the program\n")
      endif()
      continue()
    endif()
    string(REGEX REPLACE "^(lib/)?([a-z]+)/.*" "\\2" module ${source})
    string(REGEX REPLACE "/.*" "" used ${header})
    if(NOT header MATCHES "/")
      if(EXISTS ${ROOT}/grammar/${header} AND module MATCHES "^(kfl|cli)$")
        continue()
      endif()
      if(module STREQUAL "cli" AND EXISTS ${ROOT}/cli/${header})
        continue()
      endif()
      string(APPEND findings "  ${source} includes ${header}: paths start at lib/\n")
    elseif(NOT DEFINED ${module}_may)
      string(APPEND findings "  ${source}: the module ${module} is not in the table\n")
    elseif(NOT used STREQUAL module AND NOT used IN_LIST ${module}_may)
      string(APPEND findings "  ${source} includes ${header}: ${module} may not (the table is in layers.cmake)\n")
    endif()
  endforeach()
endforeach()

list(LENGTH sources count)
if(count LESS 20)
  message(FATAL_ERROR "only ${count} sources found under ${ROOT}")
endif()
if(findings)
  message(FATAL_ERROR "includes that do not point down:\n${findings}")
endif()
message("${count} sources")
