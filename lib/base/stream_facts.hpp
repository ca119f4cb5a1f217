// SPDX-License-Identifier: Apache-2.0
// What is known of a stream apart from its bytes: filled by the engine, read by dissectors and entries.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/chunk.hpp"
#include "base/endpoint.hpp"
#include "base/time.hpp"

namespace wiretape {

enum class Transport : std::uint8_t { tcp, udp, icmp, sctp };

// design: entries.md section 7.
enum class StreamState : std::uint8_t { established, closed, reset, refused, half_open, midstream };

struct SideFacts {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // of payload, as carried, retransmissions included
  std::uint64_t retransmissions = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t gaps = 0;       // how many
  std::uint64_t gap_bytes = 0;  // how large together
};

// Where packets come from; shared by all streams of one source.
struct SourceFacts {
  std::string backend = {};    // libpcap, file, kubectl
  std::string source = {};     // interface or file name
  std::string interface = {};  // name of the interface, "" when unknown
  std::string node_name = {};
  std::string node_ip = {};
  // Name of the recording that the traffic is read from, "" for live traffic and plain capture files. None while a recording is made: its
  // entries do not store the name.
  std::optional<std::string> record = "";
};

struct StreamFacts {
  std::uint64_t number = 0;  // counts the streams of a run or recording in order of their first packet, from 0
  Transport transport = Transport::tcp;
  StreamState state = StreamState::midstream;
  Endpoint client = {};
  Endpoint server = {};
  std::uint16_t vlan = 0;  // outermost 802.1Q identifier, 0 without
  Timestamp first = {};
  Timestamp last = {};
  Duration handshake = {};  // from SYN to the ACK that ends the handshake; 0 when it was not seen whole
  std::array<SideFacts, 2> sides = {};  // by Direction: what the client sent, what the server sent
  std::string_view dissected = {};      // name of the protocol found, "" while or when there is none
  const SourceFacts* source = nullptr;
  bool swapped = false;            // client and server were exchanged after the stream had begun

  // The bytes prove that the server was taken for the client.
  void swap_roles() {
    std::swap(client, server);
    std::swap(sides[0], sides[1]);
    swapped = !swapped;
  }
};

// "000000000042", "000000000042_udp": the stream's identifier as entries and files show it.
void append_stream_id(std::string& out, const StreamFacts& facts);

}  // namespace wiretape
