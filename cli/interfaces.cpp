// SPDX-License-Identifier: Apache-2.0
// wiretape interfaces: what can be captured on this machine.
#include "interfaces.hpp"

#include <fmt/format.h>

#include <memory>

#include "capture/devices.hpp"
#include "commands.hpp"
#include "json/writer.hpp"
#include "output/output.hpp"

namespace wiretape::cli {
namespace {

struct InterfacesOptions {
  bool json = false;
};

void tell(const capture::Device& device, json::Writer& writer) {
  writer.begin_object();
  writer.text("name", device.name);
  writer.text("description", device.description);
  writer.boolean("up", device.up);
  writer.boolean("running", device.running);
  writer.boolean("loopback", device.loopback);
  writer.key("addresses");
  writer.begin_array();
  for (const std::string& address : device.addresses) writer.text(address);
  writer.end_array();
  writer.key("linkTypes");
  writer.begin_array();
  for (const std::string& type : device.link_types) writer.text(type);
  writer.end_array();
  writer.end_object();
}

std::string line_of(std::size_t number, const capture::Device& device) {
  std::string out = fmt::format("{}.{}", number, device.name);
  if (!device.description.empty()) out += fmt::format(" ({})", device.description);
  std::string state;
  const auto add = [&](bool holds, const char* word) {
    if (holds) state += (state.empty() ? "" : ", ") + std::string(word);
  };
  add(device.up, "Up");
  add(device.running, "Running");
  add(device.loopback, "Loopback");
  if (!state.empty()) out += fmt::format(" [{}]", state);
  for (const std::string& address : device.addresses) out += ' ' + address;
  return out + '\n';
}

Result<ExitStatus> run_interfaces(const InterfacesOptions& options) {
  const auto devices = capture::devices();
  if (!devices) return devices.error();
  std::string text;
  if (options.json) {
    json::Writer writer(text);
    writer.begin_array();
    for (const capture::Device& device : *devices) tell(device, writer);
    writer.end_array();
    text += '\n';
  } else {
    for (std::size_t i = 0; i < devices->size(); ++i) text += line_of(i + 1, (*devices)[i]);
  }
  if (const auto printed = print(text); !printed) return printed.error();
  return ExitStatus::done;
}

}  // namespace

Result<ExitStatus> list_interfaces() {
  return run_interfaces({});
}

void add_interfaces(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<InterfacesOptions>();
  CLI::App& command = *parent.add_subcommand("interfaces", "Show what can be captured on this machine");
  command.add_flag("--json", options->json, "As one JSON array");
  command.callback([options, &chosen] { chosen = [options] { return run_interfaces(*options); }; });
}

}  // namespace wiretape::cli
