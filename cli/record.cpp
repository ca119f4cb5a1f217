// SPDX-License-Identifier: Apache-2.0
// wiretape record: the commands about recordings.
#include "commands.hpp"

namespace wiretape::cli {

void add_record(CLI::App& parent, Command& chosen) {
  CLI::App& record = *parent.add_subcommand("record", "Make recordings, and look after them");
  record.require_subcommand(0, 1);
  add_record_create(record, chosen);
  add_record_list(record, chosen);
  add_record_show(record, chosen);
  add_record_stop(record, chosen);
  add_record_delete(record, chosen);
  add_record_verify(record, chosen);
}

}  // namespace wiretape::cli
