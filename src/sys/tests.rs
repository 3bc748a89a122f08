use super::*;

#[test]
fn a_special_file_opens_without_waiting_and_is_not_regular() {
    let directory = tempfile::tempdir().unwrap();
    for path in special_files(directory.path()) {
        let metadata = open_without_waiting(&path).unwrap().metadata().unwrap();
        assert!(!metadata.is_file(), "{path:?}");
    }
}

#[test]
fn a_text_that_is_not_unicode_has_no_string() {
    assert!(not_unicode().into_string().is_err());
}

#[cfg(feature = "native")]
#[test]
fn probing_a_socket_tells_an_idle_peer_from_data_and_from_the_end() {
    use std::io::Write as _;
    use std::time::{Duration, Instant};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let socket = Socket::of(&stream);
        assert!(matches!(socket.probe(), Liveness::Idle));
        let wait_for = |is_reached: &dyn Fn(&Liveness) -> bool| {
            let since = Instant::now();
            while !is_reached(&socket.probe()) {
                assert!(since.elapsed() < Duration::from_secs(60), "the state is never reached");
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        peer.write_all(b"x").unwrap();
        wait_for(&|liveness| matches!(liveness, Liveness::Readable));
        // Probing takes nothing.
        let mut byte = [0; 2];
        assert_eq!(tokio::io::AsyncReadExt::read(&mut { stream }, &mut byte).await.unwrap(), 1);
        drop(peer);
    });
    runtime.block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        drop(listener.accept().unwrap());
        let socket = Socket::of(&stream);
        let since = Instant::now();
        while !matches!(socket.probe(), Liveness::Closed) {
            assert!(since.elapsed() < Duration::from_secs(60), "the end is never seen");
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

#[test]
fn keeping_the_library_loaded_twice_does_no_harm() {
    keep_loaded();
    keep_loaded();
}
