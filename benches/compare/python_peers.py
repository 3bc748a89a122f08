#!/usr/bin/env python3
"""Prints the facts of the table "Beside other packages" in docs/python.md (`make compare-peers`).

Each package sends one POST that creates something to a server on this machine, which closes the
connection after it has read the request. The number of requests is what the package made of it.
"""

import importlib.metadata
import socket
import threading
from importlib.resources import files

import boto3
import httpx
import openai
import stripe
from botocore.config import Config
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage import constants, retry
from iplaygames_native import Client


class LostResponses:
    """A server that reads each request and closes the connection without a response."""

    def __init__(self):
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            connection.settimeout(0.3)
            try:
                if connection.recv(65536):
                    self.requests += 1
                while connection.recv(65536):
                    pass
            except OSError:
                pass


def post_with_openai(url):
    openai.OpenAI(api_key="k", base_url=url).chat.completions.create(model="m", messages=[])


def post_with_stripe(url):
    stripe.StripeClient("sk_test_x", base_addresses={"api": url}).v1.customers.create(params={})


def post_with_httpx(url):
    httpx.post(url, json={}, trust_env=False)


def post_with_boto3(url):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    queue = boto3.client("sqs", endpoint_url=url, config=Config(), **keys)
    queue.send_message(QueueUrl=f"{url}/1/q", MessageBody="x")


def post_with_storage(url):
    options = {"api_endpoint": url}
    client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options=options)
    client.bucket("b").blob("x").upload_from_string("data")


def post_with_ours(url):
    Client(api_key="k", base_url=url).sessions.start(
        game_id=1, player_id="p", currency="USD", country_code="US", ip_address="192.0.2.1"
    )


PACKAGES = {
    "iplaygames-native": ("iplaygames_native", post_with_ours),
    "openai": ("openai", post_with_openai),
    "stripe": ("stripe", post_with_stripe),
    "httpx": ("httpx", post_with_httpx),
    "boto3": ("boto3", post_with_boto3),
    "google-cloud-storage": ("google.cloud.storage", post_with_storage),
}


def main():
    print("openai: time limit", openai.DEFAULT_TIMEOUT, "retries", openai.DEFAULT_MAX_RETRIES)
    print("stripe: retries", stripe.max_network_retries)
    print("httpx: time limit", httpx.Client().timeout)
    print("boto3: time limits", Config().connect_timeout, Config().read_timeout)
    print("google-cloud-storage: time limit", constants._DEFAULT_TIMEOUT, retry.DEFAULT_RETRY)
    for name, (module, post) in PACKAGES.items():
        try:
            version = importlib.metadata.version(name)
            needs = [each for each in importlib.metadata.requires(name) or [] if "extra ==" not in each]
        except importlib.metadata.PackageNotFoundError:
            version, needs = "of this repository", []
        typed = files(module).joinpath("py.typed").is_file()
        server = LostResponses()
        try:
            post(server.url)
        except Exception as error:
            outcome = getattr(error, "outcome", None)
        print(f"{name} {version}: {len(needs)} requirements, py.typed {typed}, {server.requests} requests,", end=" ")
        print(f"outcome {outcome}", flush=True)


main()
