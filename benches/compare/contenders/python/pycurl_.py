"""pycurl. One call at a time uses the easy interface, concurrent calls use the multi interface."""

import io
import json
import time

import contender
from contender import HEADERS, PLAYER, START, STATUS, check, route, run


def handle():
    import pycurl

    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.TIMEOUT, 30)
    curl.setopt(pycurl.NOPROXY, "*")
    return curl


def prepare(curl, base_url, operation, session):
    import pycurl

    method, url = route(base_url, operation, session)
    headers = [f"{name}: {value}" for name, value in HEADERS.items()]
    if method == "GET":
        curl.setopt(pycurl.HTTPGET, 1)
    else:
        curl.setopt(pycurl.POSTFIELDS, json.dumps(PLAYER) if operation == START else "")
        headers += ["Content-Type: application/json"] if operation == START else []
    curl.setopt(pycurl.HTTPHEADER, headers)
    curl.setopt(pycurl.URL, url)
    curl.answer = io.BytesIO()
    curl.setopt(pycurl.WRITEDATA, curl.answer)


def finished(curl, operation):
    check(operation, curl.getinfo(curl.RESPONSE_CODE), json.loads(curl.answer.getvalue()))


def connect(base_url, ca):
    curl = handle()
    if ca:
        curl.setopt(curl.CAINFO, ca)

    def call(operation, session):
        prepare(curl, base_url, operation, session)
        curl.perform()
        finished(curl, operation)

    return call


def flight(this):
    import pycurl

    multi = pycurl.CurlMulti()
    asked = done = 0
    total = this.warm + this.calls

    def ask(curl):
        prepare(curl, this.base_url, STATUS, this.session)
        curl.started = time.perf_counter_ns()
        multi.add_handle(curl)

    handles = [handle() for _ in range(this.flight)]
    for curl in handles:
        ask(curl)
        asked += 1
    if not this.warm:
        this.start()
    while done < total:
        multi.perform()
        left = 1
        while left:
            left, good, bad = multi.info_read()
            if bad:
                contender.sys.exit(f"pycurl: {bad}")
            for curl in good:
                finished(curl, STATUS)
                multi.remove_handle(curl)
                done += 1
                if done == this.warm:
                    this.start()
                elif done > this.warm:
                    this.record(curl.started)
                if asked < total:
                    asked += 1
                    ask(curl)
        if done < total:
            multi.select(1.0)
    this.finish()


run(connect, flight)
