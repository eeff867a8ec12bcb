//! The faulty network of the tests fails as it says, on real sockets.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::proxy::{Action, Fault, Proxy, Way};

/// What the server below answers to every connection.
const ANSWER: &[u8] = b"an answer of twenty-six by";

/// A proxy before a server that reads five bytes of each connection and then answers.
async fn proxy() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 5];
                if client.read_exact(&mut request).await.is_ok() {
                    let _ = client.write_all(ANSWER).await;
                }
            });
        }
    });
    Proxy::start(&address).await
}

/// Sends five bytes, and answers with what came back and how it ended.
async fn ask(proxy: &Proxy) -> (Vec<u8>, std::io::Result<()>) {
    let mut got = Vec::new();
    let ended = async {
        let mut server = TcpStream::connect(proxy.address()).await?;
        server.write_all(b"hello").await?;
        server.read_to_end(&mut got).await.map(drop)
    };
    let ended = ended.await;
    (got, ended)
}

#[tokio::test]
async fn without_a_fault_all_bytes_pass_and_are_counted() {
    let proxy = proxy().await;
    let (got, ended) = ask(&proxy).await;
    assert_eq!(got, ANSWER);
    assert!(ended.is_ok());
    let counts = proxy.counts();
    assert_eq!(counts.connections, 1);
    assert_eq!(counts.to_client_bytes, 26);
    assert_eq!(counts.to_server_bytes, 5);
}

#[tokio::test]
async fn a_cut_ends_the_answer_as_if_it_were_whole() {
    let proxy = proxy().await;
    proxy.script(vec![Action::cut_after(9)]);
    let (got, ended) = ask(&proxy).await;
    assert_eq!(got, b"an answer");
    assert!(ended.is_ok());
}

#[tokio::test]
async fn a_cut_after_no_byte_leaves_the_server_with_the_whole_request() {
    let proxy = proxy().await;
    proxy.script(vec![Action::cut_after(0)]);
    let (got, ended) = ask(&proxy).await;
    assert!(got.is_empty() && ended.is_ok());
    assert_eq!(proxy.counts().to_server_bytes, 5);
}

#[tokio::test]
async fn a_reset_is_an_error_to_the_client() {
    let proxy = proxy().await;
    proxy.script(vec![Action::reset_after(3)]);
    let (_, ended) = ask(&proxy).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_request_can_be_cut_before_the_server_has_it() {
    let proxy = proxy().await;
    proxy.script(vec![Action::Fail(Way::ToServer, 2, Fault::Cut)]);
    let (got, _) = ask(&proxy).await;
    assert!(got.is_empty());
    assert_eq!(proxy.counts().to_server_bytes, 2);
}

#[tokio::test]
async fn a_stalled_answer_goes_on_when_released() {
    let proxy = proxy().await;
    proxy.script(vec![Action::stall_after(9)]);
    let asking = ask(&proxy);
    let releasing = async {
        proxy.until(|counts| counts.to_client_bytes == 9).await;
        proxy.release();
    };
    let ((got, ended), ()) = tokio::join!(asking, releasing);
    assert_eq!(got, ANSWER);
    assert!(ended.is_ok());
}

#[tokio::test]
async fn a_stalled_connection_can_be_severed() {
    let proxy = proxy().await;
    proxy.otherwise(Action::stall_after(0));
    let severing = async {
        proxy.until(|counts| counts.to_server_bytes == 5).await;
        proxy.sever();
    };
    let ((_, ended), ()) = tokio::join!(ask(&proxy), severing);
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn the_script_is_for_the_next_connections_and_the_others_pass() {
    let proxy = proxy().await;
    proxy.script(vec![
        Action::cut_after(1),
        Action::Pass,
        Action::cut_after(2),
    ]);
    let mut lengths = Vec::new();
    for _ in 0..4 {
        lengths.push(ask(&proxy).await.0.len());
    }
    assert_eq!(lengths, [1, 26, 2, 26]);
}

#[tokio::test]
async fn while_it_is_down_connections_are_refused_and_afterwards_taken() {
    let proxy = proxy().await;
    proxy.down().await;
    let (_, ended) = ask(&proxy).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    proxy.up().await;
    assert_eq!(ask(&proxy).await.0, ANSWER);
}
