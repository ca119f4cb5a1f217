// SPDX-License-Identifier: Apache-2.0
#include "engine/words.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "engine/support.hpp"

namespace wiretape::engine {
namespace {

using namespace test;

struct Line {
  Line() { REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0); }
  ~Line() {
    ::close(ends[0]);
    hang_up();
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  void hang_up() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{-1, -1};
};

bool same(const capture::Interface& a, const capture::Interface& b) {
  return a.name == b.name && a.link == b.link && a.snapshot_length == b.snapshot_length;
}

TEST_SUITE("engine words") {
  TEST_CASE("what one end says the other hears, in order, also nothing but a word") {
    const Line line;
    CHECK(say(line.ends[0], Word::notice, "eth0 went down"));
    CHECK(say(line.ends[0], Word::report));
    const auto first = hear(line.ends[1]), second = hear(line.ends[1]);
    REQUIRE(first.has_value());
    CHECK(first->word == Word::notice);
    CHECK(first->text == "eth0 went down");
    REQUIRE(second.has_value());
    CHECK(second->word == Word::report);
    CHECK(second->text.empty());
  }

  TEST_CASE("a saying that is too long is cut, and the next one is heard whole") {
    const Line line;
    CHECK(say(line.ends[0], Word::notice, std::string(100'000, 'x')));
    CHECK(say(line.ends[0], Word::end, "stopped"));
    const auto first = hear(line.ends[1]), second = hear(line.ends[1]);
    REQUIRE(first.has_value());
    CHECK(first->text == std::string(65'535, 'x'));
    REQUIRE(second.has_value());
    CHECK(second->text == "stopped");
  }

  TEST_CASE("when the other end has gone nothing is heard, and who speaks is told so instead of killed") {
    Line line;
    line.hang_up();
    CHECK_FALSE(say(line.ends[0], Word::leave));
    CHECK_FALSE(hear(line.ends[0]).has_value());
  }

  TEST_CASE("an error arrives as it was sent") {
    const Error rows[] = {
        {.kind = ErrorKind::permission,
         .message = "cannot capture on eth0",
         .hint = "run it as root",
         .detail = "a\nb"},
        {.kind = ErrorKind::write, .message = "disk full"},
        {.kind = ErrorKind::interface, .message = "no", .hint = "", .detail = "only a detail"},
        {},
    };
    for (const Error& sent : rows) {
      CAPTURE(sent.message);
      const Error got = unpack_error(pack(sent));
      CHECK(got.kind == sent.kind);
      CHECK(got.message == sent.message);
      CHECK(got.hint == sent.hint);
      CHECK(got.detail == sent.detail);
    }
  }

  TEST_CASE("an error that is cut anywhere is still an error with a sentence's beginning") {
    const std::string whole = pack(Error{.kind = ErrorKind::capture, .message = "abc", .hint = "de", .detail = "fg"});
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      const Error got = unpack_error(std::string(whole, 0, size));
      CHECK(got.kind == ErrorKind::capture);
      if (size > 0) CHECK(std::string("abc").starts_with(got.message));
    }
    CHECK(contains(unpack_error("").message, "nothing"));
  }

  TEST_CASE("an error of a kind that there is not is a failed capture") {
    CHECK(unpack_error("\x7fwhat").kind == ErrorKind::capture);
    CHECK(unpack_error("\xffwhat").kind == ErrorKind::capture);
    CHECK(unpack_error("\x7fwhat").message == "what");
  }

  TEST_CASE("a job's report arrives as it was sent; one that is cut is a report of nothing, or of what there was") {
    JobReport sent{.name = "errors", .report = {}, .state = record::State::stopped, .error = {}};
    sent.report.counters.received = 7;
    sent.report.counters.dropped = UINT64_MAX;
    sent.report.totals = {.packets = 1, .calls = 2, .all_calls = 3, .backlog_cut_bytes = 4};
    const JobReport got = unpack_job_report(pack(sent));
    CHECK(got.name == "errors");
    CHECK(got.state == record::State::stopped);
    CHECK(got.report.counters.received == 7);
    CHECK(got.report.counters.dropped == UINT64_MAX);
    CHECK(got.report.totals == sent.report.totals);
    CHECK_FALSE(got.error.has_value());

    sent.error = Error{.kind = ErrorKind::write, .message = "disk full"};
    const std::string whole = pack(sent);
    const JobReport failed = unpack_job_report(whole);
    REQUIRE(failed.error.has_value());
    CHECK(failed.error->kind == ErrorKind::write);
    CHECK(failed.error->message == "disk full");
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const JobReport part = unpack_job_report(std::string(whole, 0, size));
      CHECK(std::string("errors").starts_with(part.name));
      CHECK((part.report.totals == record::Totals{} || part.report.totals == sent.report.totals));
    }
  }

  TEST_CASE("a new job and a job's end arrive as they were sent, and cut ones do no harm") {
    const NewJob job{.name = "errors", .scheduled = {1'717'490'700'000'000'000}, .behind = Behind::more};
    const NewJob got = unpack_new_job(pack(job));
    CHECK(got.name == "errors");
    CHECK(got.scheduled == job.scheduled);
    CHECK(got.behind == Behind::more);
    const JobEnd end{.name = "errors", .state = record::State::failed, .behind = Behind::nothing, .reason = "no room"};
    const JobEnd ended = unpack_job_end(pack(end));
    CHECK(ended.name == "errors");
    CHECK(ended.state == record::State::failed);
    CHECK(ended.behind == Behind::nothing);
    CHECK(ended.reason == "no room");
    for (std::size_t size = 0; size < pack(job).size(); ++size) {
      CHECK(std::string("errors").starts_with(unpack_new_job(std::string(pack(job), 0, size)).name));
    }
    CHECK(unpack_job_end("x").state == record::State::failed);
  }

  TEST_CASE("descriptors come over with a word, and are the receiver's own") {
    const Line line;
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    CHECK(say(line.ends[0], Word::add, "x", {pipe[0], pipe[1]}));
    auto heard = hear(line.ends[1]);
    REQUIRE(heard.has_value());
    REQUIRE(heard->descriptors.size() == 2);
    ::close(pipe[0]);
    ::close(pipe[1]);
    CHECK(::write(heard->descriptors[1].number(), "y", 1) == 1);
    char got = 0;
    CHECK(::read(heard->descriptors[0].number(), &got, 1) == 1);
    CHECK(got == 'y');
  }

  TEST_CASE("interfaces arrive as they were sent, however odd their names") {
    const std::vector<capture::Interface> sent = {
        {.name = "eth0", .link = net::LinkType::ethernet, .snapshot_length = 262144},
        {.name = "a name with spaces", .link = net::LinkType::linux_sll2, .snapshot_length = 96},
        {.name = "\xc3\xa9th%s%n", .link = net::LinkType::raw, .snapshot_length = 1},
    };
    const auto got = unpack_interfaces(pack(sent));
    REQUIRE(got.size() == sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) CHECK(same(got[i], sent[i]));
    CHECK(unpack_interfaces("").empty());
  }

  TEST_CASE("interfaces that are cut anywhere give those that are whole, and no nonsense crashes") {
    const std::string whole = pack({{.name = "eth0"}, {.name = "wlan0"}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      const auto got = unpack_interfaces(std::string(whole, 0, size));
      CHECK(got.size() <= 2);
      if (size > whole.find('\n')) CHECK(got.at(0).name == "eth0");
    }
    for (const std::string& text : {std::string("\n\n\n"), std::string("1 2"), std::string("x y z\n"),
                                    std::string("1 2 \0hidden\n", 12), std::string("99999999999999999999 1 a\n")}) {
      CHECK(unpack_interfaces(text).size() <= 1);
    }
  }
}

}  // namespace
}  // namespace wiretape::engine
