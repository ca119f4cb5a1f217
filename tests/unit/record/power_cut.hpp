// SPDX-License-Identifier: Apache-2.0
// A disk whose power can be cut at any operation, in the manner of leveldb's FaultInjectionTestEnv: what is left is
// what was synced, and of the rest as much as chance has it. Names count separately from contents: a file whose folder
// was not synced may be gone, a removed one may be back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "record/files.hpp"

namespace wiretape::record::test {

class PowerCutFiles final : public Files {
 public:
  // `root` is an empty folder; nothing outside of it is looked at. The power goes with the `cut_at`-th operation that
  // changes something, counting from 1; 0 is never. From then on every operation fails.
  PowerCutFiles(std::string root, std::uint64_t cut_at, std::uint32_t seed);

  [[nodiscard]] bool is_cut() const { return cut_; }
  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  // What the disk holds after the cut, written into an empty folder.
  void restore_to(const std::string& folder) const;

  int openat(int folder, const char* name, int flags, mode_t mode) override;
  int mkdirat(int folder, const char* name, mode_t mode) override;
  ssize_t pwrite(int file, const char* from, std::size_t count, std::uint64_t at) override;
  int ftruncate(int file, std::uint64_t size) override;
  int fdatasync(int file) override;
  int fsync(int file) override;
  int renameat(int folder, const char* from, int to_folder, const char* to) override;
  int unlinkat(int folder, const char* name, int flags) override;

 private:
  struct Node;
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  // A file or a folder, as it is and as it would be.
  struct Node {
    bool folder = false;
    Names names;                // now
    std::vector<Names> listed;  // each state since the folder was synced, that one first
    std::string content;        // now
    std::string synced;
  };

  // Counts; when it is time, remembers what is left. True when the power is gone.
  bool next_operation();
  [[nodiscard]] std::shared_ptr<Node> node_of(int descriptor) const;
  [[nodiscard]] std::shared_ptr<Node> node_at(const std::string& path) const;
  [[nodiscard]] std::shared_ptr<Node> folder_of(int folder, const char* name, std::string& last) const;
  static void change(Node& folder);
  void keep(const Node& node, const std::string& path);

  std::string root_;
  std::uint64_t cut_at_;
  std::mt19937 random_;
  std::uint64_t operations_ = 0;
  bool cut_ = false;
  std::shared_ptr<Node> disk_ = std::make_shared<Node>();
  std::map<std::string, std::string> left_;  // files by path; folders end in a slash
};

}  // namespace wiretape::record::test
