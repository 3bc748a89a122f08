//! Clients in tasks of the host's own Tokio runtime.

use iplaygames::{Client, Code, Outcome};

use crate::fixture::{ask, echo, status};

use crate::support::{TEST_TIMEOUT, client};

#[test]
fn a_blocking_call_in_a_task_of_the_hosts_runtime_is_an_error() {
    let (port, _connections) = echo();
    let client = client(port);
    let refused = |client: &Client| {
        let error = status(client, "inside").unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::UNSUPPORTED, Outcome::NotSent), "{error}");
        let error = client.prewarm(TEST_TIMEOUT).unwrap_err();
        assert_eq!(error.code(), Code::UNSUPPORTED, "{error}");
    };
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    one.block_on(async { refused(&client) });
    many.block_on(async {
        refused(&client);
        let clone = client.clone();
        tokio::spawn(async move { refused(&clone) }).await.unwrap();
        let clone = client.clone();
        tokio::task::spawn_blocking(move || ask(&clone, "blocking")).await.unwrap();
        let clone = client.clone();
        tokio::spawn(async move { tokio::task::block_in_place(|| ask(&clone, "in-place")) }).await.unwrap();
    });
    let _entered = many.enter();
    ask(&client, "entered");
}

#[test]
fn a_client_may_be_dropped_inside_a_task_of_the_hosts_runtime() {
    let (port, _connections) = echo();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        tokio::spawn(async move {
            let client = client(port);
            let clone = client.clone();
            tokio::task::spawn_blocking(move || ask(&clone, "warm")).await.unwrap();
            drop(client);
        })
        .await
        .unwrap();
    });
}
