// SPDX-License-Identifier: Apache-2.0
// How --help and --help-all look.
#include "help.hpp"

#include <memory>

namespace wiretape::cli {
namespace {

class HelpFormat final : public CLI::Formatter {
 public:
  // A repeatable option takes one argument each time; the "..." of CLI11 would say many.
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string type = option->get_type_name();
    return type.empty() ? "" : " " + type;
  }
};

}  // namespace

void set_help(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormat>());
  app.get_formatter()->column_width(26);
  app.set_help_flag("-h,--help", "Show this help");
}

std::string help_of_all(const CLI::App& app, const std::string& above) {
  std::string text = app.help(above);
  const std::string path = above.empty() ? app.get_name() : above + ' ' + app.get_name();
  for (const CLI::App* command : app.get_subcommands(nullptr)) text += help_of_all(*command, path);
  return text;
}

}  // namespace wiretape::cli
