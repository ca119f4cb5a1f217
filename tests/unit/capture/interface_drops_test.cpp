// SPDX-License-Identifier: Apache-2.0
#include "capture/interface_drops.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/packets.hpp"

using namespace wiretape;
using capture::InterfaceDrops;

namespace {

// A folder like /sys/class/net.
class Interfaces {
 public:
  void set(const std::string& interface, int missed, int fifo) {
    const auto statistics = folder_.path() / interface / "statistics";
    std::filesystem::create_directories(statistics);
    std::ofstream(statistics / "rx_missed_errors") << missed << '\n';
    std::ofstream(statistics / "rx_fifo_errors") << fifo << '\n';
    std::ofstream(statistics / "rx_dropped") << "999\n";
  }
  void set_device(const std::string& interface) {
    std::filesystem::create_directory(folder_.path() / interface / "device");
  }
  void remove(const std::string& interface) { std::filesystem::remove_all(folder_.path() / interface); }
  [[nodiscard]] std::string path() const { return folder_.path().string(); }

 private:
  support::TemporaryFolder folder_;
};

}  // namespace

TEST_SUITE("capture interface drops") {
  TEST_CASE("what an interface lost is counted from the start of the capture on") {
    Interfaces interfaces;
    interfaces.set("eth0", 100, 20);
    interfaces.set("eth1", 0, 0);
    InterfaceDrops drops("eth0", interfaces.path());
    CHECK(drops.read() == 0);
    interfaces.set("eth0", 103, 20);
    interfaces.set("eth1", 50, 50);
    CHECK(drops.read() == 3);
    interfaces.set("eth0", 103, 24);
    CHECK(drops.read() == 7);
    CHECK(drops.read() == 7);
  }

  TEST_CASE("a driver that begins to count again takes nothing back") {
    Interfaces interfaces;
    interfaces.set("eth0", 100, 0);
    InterfaceDrops drops("eth0", interfaces.path());
    interfaces.set("eth0", 105, 0);
    CHECK(drops.read() == 5);
    interfaces.set("eth0", 2, 0);
    CHECK(drops.read() == 5);
    interfaces.set("eth0", 4, 0);
    CHECK(drops.read() == 7);
  }

  TEST_CASE("\"any\" is all that have a device") {
    Interfaces interfaces;
    for (const char* name : {"eth0", "eth1", "veth7"}) interfaces.set(name, 10, 0);
    interfaces.set_device("eth0");
    interfaces.set_device("eth1");
    InterfaceDrops drops("any", interfaces.path());
    interfaces.set("eth0", 11, 0);
    interfaces.set("eth1", 12, 0);
    interfaces.set("veth7", 20, 0);
    CHECK(drops.read() == 3);
  }

  TEST_CASE("an interface without counters, and one that goes away, lose nothing") {
    Interfaces interfaces;
    interfaces.set("eth0", 1, 0);
    CHECK(InterfaceDrops("eth7", interfaces.path()).read() == 0);
    CHECK(InterfaceDrops("any", interfaces.path() + "/none").read() == 0);
    InterfaceDrops drops("eth0", interfaces.path());
    interfaces.remove("eth0");
    CHECK(drops.read() == 0);
  }
}
