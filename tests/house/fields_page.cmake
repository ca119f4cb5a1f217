# SPDX-License-Identifier: Apache-2.0
# man/wiretape-fields.7 is what the program says of its protocols.
#   cmake -DROOT=... -DWIRETAPE=... -P fields_page.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${WIRETAPE} kfl fields --mdoc OUTPUT_VARIABLE made RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "wiretape kfl fields --mdoc: status ${status}")
endif()
file(READ ${ROOT}/man/wiretape-fields.7 page)
if(NOT page STREQUAL made)
  message(FATAL_ERROR "the page is not of this program: wiretape kfl fields --mdoc > man/wiretape-fields.7")
endif()
