// SPDX-License-Identifier: Apache-2.0
// The process that reads the wire, and the words it exchanges with its parent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "engine/live_record.hpp"
#include "record/recording.hpp"

namespace wiretape::engine {

// Messages over a SOCK_SEQPACKET pair: one letter, then what it says.
enum class Word : char {
  // parent to child
  stop = 's',
  flush = 'f',
  report = 'r',
  // child to parent
  started = 'S',   // the interfaces, one a line: link type, snapshot length, name
  notice = 'N',    // a sentence
  reported = 'R',  // LiveReport
  failed = 'E',    // an Error; the child ends
  finished = 'F',  // LiveReport; the child ends
};

struct Saying {
  Word word;
  std::string text;
};

// False when the other end is gone.
bool say(int socket, Word word, std::string_view text = {});
// None when the other end is gone; waits for a message.
std::optional<Saying> hear(int socket);

std::string pack(const Error& error);
Error unpack_error(std::string_view text);
std::string pack(const LiveReport& report);
LiveReport unpack_report(std::string_view text);
std::string pack(const std::vector<capture::Interface>& interfaces);
std::vector<capture::Interface> unpack_interfaces(std::string_view text);

// Captures until told to stop. Everything that is to be said goes over the socket.
void run_capture_child(const LiveRequest& request, record::Recording recording, int socket);

}  // namespace wiretape::engine
