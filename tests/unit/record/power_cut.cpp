// SPDX-License-Identifier: Apache-2.0
#include "record/power_cut.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "record/support.hpp"

namespace wiretape::record::test {
PowerCutFiles::PowerCutFiles(std::string root, std::uint64_t cut_at, std::uint32_t seed)
    : root_(std::move(root)), cut_at_(cut_at), random_(seed) {
  disk_->folder = true;
  disk_->listed.emplace_back();
}

std::shared_ptr<PowerCutFiles::Node> PowerCutFiles::node_at(const std::string& path) const {
  if (path.compare(0, root_.size(), root_) != 0) return nullptr;
  std::shared_ptr<Node> node = disk_;
  for (std::size_t at = root_.size(); node != nullptr && at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string name = path.substr(at + 1, end - at - 1);
    const auto found = node->names.find(name);
    if (!name.empty() && name != ".") node = found == node->names.end() ? nullptr : found->second;
    at = end;
  }
  return node;
}

std::shared_ptr<PowerCutFiles::Node> PowerCutFiles::node_of(int descriptor) const {
  return node_at(path_of(descriptor));
}

std::shared_ptr<PowerCutFiles::Node> PowerCutFiles::folder_of(int folder, const char* name, std::string& last) const {
  const std::filesystem::path path = folder == AT_FDCWD ? std::string(name) : path_of(folder) + '/' + name;
  last = path.filename();
  return node_at(path.parent_path());
}

void PowerCutFiles::change(Node& folder) {
  folder.listed.push_back(folder.names);
}

bool PowerCutFiles::next_operation() {
  if (cut_) return true;
  ++operations_;
  if (operations_ != cut_at_) return false;
  cut_ = true;
  keep(*disk_, "");
  return true;
}

// Of a file's content that was not synced any part may be there; of a folder's names any state since it was synced.
void PowerCutFiles::keep(const Node& node, const std::string& path) {
  if (!node.folder) {
    const bool grew = node.content.compare(0, node.synced.size(), node.synced) == 0;
    const std::size_t more = grew ? node.content.size() - node.synced.size() : 0;
    left_[path] =
        node.synced + node.content.substr(grew ? node.synced.size() : 0, more == 0 ? 0 : random_() % (more + 1));
    return;
  }
  left_[path + '/'];
  for (const auto& [name, below] : node.listed[random_() % node.listed.size()]) keep(*below, path + '/' + name);
}

void PowerCutFiles::restore_to(const std::string& folder) const {
  for (const auto& [path, content] : left_) {
    if (path.back() == '/') {
      std::filesystem::create_directories(folder + path);
    } else {
      write_file(folder + path, content);
    }
  }
}

int PowerCutFiles::openat(int folder, const char* name, int flags, mode_t mode) {
  if ((flags & O_CREAT) == 0) return cut_ ? -EIO : Files::openat(folder, name, flags, mode);
  if (next_operation()) return -EIO;
  const int file = Files::openat(folder, name, flags, mode);
  std::string last;
  const auto parent = folder_of(folder, name, last);
  if (file < 0 || parent == nullptr || parent->names.count(last) != 0) return file;
  parent->names[last] = std::make_shared<Node>();
  change(*parent);
  return file;
}

int PowerCutFiles::mkdirat(int folder, const char* name, mode_t mode) {
  if (next_operation()) return -EIO;
  const int made = Files::mkdirat(folder, name, mode);
  std::string last;
  const auto parent = folder_of(folder, name, last);
  if (made < 0 || parent == nullptr) return made;
  const auto node = std::make_shared<Node>();
  node->folder = true;
  node->listed.emplace_back();
  parent->names[last] = node;
  change(*parent);
  return made;
}

ssize_t PowerCutFiles::pwrite(int file, const char* from, std::size_t count, std::uint64_t at) {
  // The operation that the power goes with may have got to the disk in part.
  if (const auto node = cut_ ? nullptr : node_of(file)) {
    if (node->content.size() < at + count) node->content.resize(static_cast<std::size_t>(at) + count);
    node->content.replace(static_cast<std::size_t>(at), count, from, count);
  }
  if (next_operation()) return -EIO;
  return Files::pwrite(file, from, count, at);
}

int PowerCutFiles::ftruncate(int file, std::uint64_t size) {
  if (next_operation()) return -EIO;
  if (const auto node = node_of(file)) node->content.resize(static_cast<std::size_t>(size));
  return Files::ftruncate(file, size);
}

int PowerCutFiles::fdatasync(int file) {
  if (next_operation()) return -EIO;
  if (const auto node = node_of(file)) node->synced = node->content;
  return 0;
}

int PowerCutFiles::fsync(int file) {
  if (next_operation()) return -EIO;
  if (const auto node = node_of(file)) node->listed = {node->names};
  return 0;
}

int PowerCutFiles::renameat(int folder, const char* from, int to_folder, const char* to) {
  if (next_operation()) return -EIO;
  const int status = Files::renameat(folder, from, to_folder, to);
  std::string old_name, new_name;
  const auto old_parent = folder_of(folder, from, old_name), new_parent = folder_of(to_folder, to, new_name);
  if (status < 0 || old_parent == nullptr || new_parent == nullptr) return status;
  new_parent->names[new_name] = old_parent->names[old_name];
  old_parent->names.erase(old_name);
  change(*new_parent);
  return status;
}

int PowerCutFiles::unlinkat(int folder, const char* name, int flags) {
  if (next_operation()) return -EIO;
  const int status = Files::unlinkat(folder, name, flags);
  std::string last;
  const auto parent = folder_of(folder, name, last);
  if (status < 0 || parent == nullptr) return status;
  parent->names.erase(last);
  change(*parent);
  return status;
}

}  // namespace wiretape::record::test
