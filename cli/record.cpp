// SPDX-License-Identifier: Apache-2.0
// wiretape record: the commands about recordings.
#include "commands.hpp"
#include "record_prune.hpp"

namespace wiretape::cli {
namespace {

bool is_given(const CLI::App& command, const char* option) {
  const CLI::Option* const found = command.get_option_no_throw(option);
  return found != nullptr && found->count() != 0;
}

// What --store says by the time the command runs: the configuration file has its say only then.
std::string store_of(const CLI::App& command) {
  const CLI::Option* const option = command.get_option_no_throw("--store");
  return option == nullptr || option->count() == 0 ? "" : option->results().back();
}

// Who removes something himself comes first: he wants to hear that it is gone, not that it was.
bool prunes_before(const CLI::App& command) {
  return command.get_name() != "delete" && command.get_name() != "prune";
}

Command pruning_first(const CLI::App& command, Command work) {
  return [&command, work = std::move(work)] {
    prune_in_passing(store_of(command), is_given(command, "-v") ? Passing::told : Passing::silent);
    return work();
  };
}

}  // namespace

void add_record(CLI::App& parent, Command& chosen) {
  CLI::App& record = *parent.add_subcommand("record", "Make recordings, and look after them");
  record.require_subcommand(0, 1);
  add_record_create(record, chosen);
  add_record_list(record, chosen);
  add_record_show(record, chosen);
  add_record_run(record, chosen);
  add_record_stop(record, chosen);
  add_record_delete(record, chosen);
  add_record_prune(record, chosen);
  add_record_verify(record, chosen);
  // Behind the callback of the command that was named.
  record.callback([&record, &chosen] {
    for (const CLI::App* command : record.get_subcommands()) {
      if (chosen && prunes_before(*command)) chosen = pruning_first(*command, std::move(chosen));
    }
  });
}

}  // namespace wiretape::cli
