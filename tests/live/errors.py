# SPDX-License-Identifier: Apache-2.0
"""What cannot be done: one sentence, its status, and nothing half made."""
import contextlib
import subprocess

from live.support import Left, Running, case, equal, expect, request_id, whole_packets

AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


def one_sentence(said):
    """A line that begins with the program's name, and at most a hint below it."""
    lines = said.splitlines()
    expect(lines and lines[0].startswith("wiretape: "), f"no sentence: {said!r}")
    expect(all(line.startswith("  ") for line in lines[1:]) and len(lines) <= 2, f"more than a sentence and a hint: {said!r}")
    return lines[0]


def refused(lab, status, about, *words, **options):
    """Ends with that status, a sentence that names `about`, and no folder."""
    recorder = Running(lab, "record", "create", "--store", lab.store, "--name", "x", *words, **options)
    equal(recorder.wait(), status, f"status ({recorder.said.strip()})")
    sentence = one_sentence(recorder.said)
    expect(about in sentence, f"{about!r} is not named: {sentence}")
    equal(recorder.printed, "", "on stdout")
    expect(not (lab.store / "x").exists(), "a folder remains")


@case
def no_permission(lab):
    """a user without the right to capture is told so"""
    lab.store.mkdir()
    lab.store.chmod(0o777)
    refused(lab, 5, lab.device, "-i", lab.device, "http", before=AS_NOBODY, program=lab.binary_for_others())


@case
def no_permission_for_the_store(lab):
    """a store that the user may not write to is named"""
    lab.store.mkdir()
    refused(lab, 5, "store", "-i", lab.device, "http", before=AS_NOBODY, program=lab.binary_for_others())


@case
def no_such_interface(lab):
    """an interface that is not there is named, with those that are"""
    refused(lab, 2, '"nope"', "-i", "nope", "http")
    refused(lab, 2, '"nope"', "-i", lab.device, "-i", "nope", "http")


@case
def a_bad_packet_filter(lab):
    """a packet filter that libpcap does not understand is shown"""
    refused(lab, 4, "tcp prt 80", "-i", lab.device, "-f", "tcp prt 80", "http")


@case
def a_bad_statement(lab):
    """a statement that is none is refused before anything is opened"""
    recorder = Running(lab, "record", "create", "--store", lab.store, "--name", "x", "-i", lab.device, "http and")
    equal(recorder.wait(), 4, "status")
    expect(not lab.store.exists(), "a store was made")


@case
def not_given_to_the_user(lab):
    """-Z of a user to whom the folder cannot be given is refused before capture"""
    lab.store.mkdir()
    lab.store.chmod(0o777)
    # nobody who may capture, but not give away his files.
    capturing = (*AS_NOBODY, "--inh-caps=+net_raw,+net_admin", "--ambient-caps=+net_raw,+net_admin")
    refused(lab, 5, '"daemon"', "-i", lab.device, "-Z", "daemon", "http", before=capturing, program=lab.binary_for_others())


@case
def no_such_user(lab):
    """-Z of a user that there is not is refused before capture"""
    refused(lab, 1, '"wt-no-such-user"', "-i", lab.device, "-Z", "wt-no-such-user", "http")


@case
def an_existing_name(lab):
    """a name that exists is refused, and what has it stays as it is"""
    lab.record("-f", "tcp port 9").end()
    before = lab.described()
    again = Running(lab, "record", "create", "--store", lab.store, "--name", "x", "-i", lab.device, "http")
    equal(again.wait(), 23, "status")
    one_sentence(again.said)
    equal(lab.described(), before, "the recording that has the name")


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@case
def a_full_disk(lab):
    """a disk that fills ends the recording as failed, with everything before readable"""
    with small_disk(lab.store, "3m"), lab.nginx() as nginx:
        recorder = lab.record("http")
        lab.load(20)
        equal(recorder.wait(30), 15, f"status ({recorder.said.strip()})")
        started, _, failure = recorder.said.partition("\n")
        expect("No space left on device" in one_sentence(failure), failure)
        expect('recording "x"' in started, started)
        listed = lab.described()
        equal(listed["state"], "failed", "state")
        expect("No space left on device" in listed["reason"], listed["reason"])
        left = Left(lab)
        calls = left.calls()
        packets = b"".join(data for path in left.segments() for _, data in whole_packets(path))
        expect(calls and all(request_id(call).encode() in packets for call in calls), "calls without their packets")
        shown = lab.ask("analyze", "--store", lab.store, "-T", "ndjson", 'record("x")')
        equal(len(shown.splitlines()), len(calls), "calls shown")
        verified = lab.run("record", "verify", "--store", lab.store, "x")
        equal(verified.returncode, 0, f"status of verify ({verified.stdout})")
    expect(nginx.requests(), "the server logged nothing")
    return f"{len(calls)} calls fit"
