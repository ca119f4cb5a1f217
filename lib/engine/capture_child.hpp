// SPDX-License-Identifier: Apache-2.0
// The process that reads the wire, for all jobs that capture in the same way: one capture, one decoding, one
// reassembly, one dissection, and each job's statement asked about what comes out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/live.hpp"
#include "proto/grpc/load_types.hpp"

namespace wiretape::engine {

struct CaptureRequest {
  std::vector<capture::LiveOptions> interfaces;
  std::string user;  // -Z: who writes the recordings, "" the caller
  // Of the first job; what all jobs of a capture share.
  std::uint64_t body_limit = 1U << 20U;
  std::uint64_t backlog_limit = 256U << 20U;
  std::uint64_t spool_limit = 1ULL << 30U;
  grpc::TypeSources grpc_types;  // names for what gRPC messages hold
  std::size_t workers = 0;
  // Whose terminal it is: where the recorder goes on in the background, the caller's must not be held open.
  enum class Terminal : std::uint8_t { shared, left } terminal = Terminal::shared;
};

// Opens the interfaces, gives up what it does not need, and captures until it is told to leave or its recorder is gone.
// Everything that is to be said goes over the socket (engine/words.hpp).
void run_capture_child(const CaptureRequest& request, int socket);

}  // namespace wiretape::engine
