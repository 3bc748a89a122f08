"""requests with one Session. Concurrent calls use one thread each."""

from contender import HEADERS, PLAYER, START, check, route, run


def connect(base_url, ca):
    import requests
    from requests.adapters import HTTPAdapter

    session_of = requests.Session()
    session_of.mount("http://", HTTPAdapter(pool_maxsize=32))
    session_of.headers.update(HEADERS)
    session_of.trust_env = False
    if ca:
        session_of.verify = ca

    def call(operation, session):
        method, url = route(base_url, operation, session)
        answer = session_of.request(method, url, json=PLAYER if operation == START else None, timeout=30)
        check(operation, answer.status_code, answer.json())

    return call


run(connect)
