// SPDX-License-Identifier: Apache-2.0
// Bodies of forms: application/x-www-form-urlencoded (WHATWG URL section 5) and multipart/form-data (RFC 7578).
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "json/sink.hpp"

namespace wiretape::http {

// The value of a parameter of a header, without its quotes and the backslashes before quotes and backslashes: boundary
// of "multipart/form-data; boundary=x". "" without.
std::string header_parameter(std::string_view header, std::string_view name);

// Tells an array of {name, value, fileName, contentType}, one for each field; empty when the body is no form.
// A value that is not UTF-8 is told as base64, with "encoding": "base64" beside it.
void tell_form(std::string_view media_type, Bytes body, json::Sink& sink);

}  // namespace wiretape::http
