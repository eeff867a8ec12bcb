//! The servers, each a process of its own, so that what they cost is not taken for a client's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tokio::net::TcpListener;

use crate::{s3, sink};

/// A server of ours. It ends with this value, or when this process does.
pub struct Served {
    address: String,
    process: Child,
}

/// What a sink counted.
pub struct Stats {
    /// Photos that came in whole.
    pub photos: u64,
    /// From the first photo's arrival to the last one's answer.
    pub seconds: f64,
}

impl Served {
    /// Starts `s3` or `sink`.
    pub fn start(role: &str) -> Served {
        let program = std::env::current_exe().expect("the path of this program");
        let mut process = Command::new(program)
            .args(["--serve", role])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program again");
        let mut port = String::new();
        let stdout = process.stdout.take().expect("a pipe, asked for above");
        BufReader::new(stdout)
            .read_line(&mut port)
            .expect("the server's port");
        Served {
            address: format!("127.0.0.1:{}", port.trim()),
            process,
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets a sink's counters to nothing, and how late it answers from now on.
    pub fn reset(&self, delay_ms: u64) {
        self.get(&format!("/reset?delay_ms={delay_ms}"));
    }

    /// What a sink counted since.
    pub fn stats(&self) -> Stats {
        let stats = self.get("/stats");
        Stats {
            photos: stats["photos"].as_u64().unwrap_or_default(),
            seconds: stats["seconds"].as_f64().unwrap_or_default(),
        }
    }

    /// Bytes that were put into an S3 server until now.
    pub fn put_bytes(&self) -> u64 {
        self.get("/stats")["put"].as_u64().unwrap_or_default()
    }

    fn get(&self, target: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).expect("a server of ours");
        write!(stream, "GET {target} HTTP/1.1\r\n\r\n").expect("a request sent");
        stream
            .shutdown(std::net::Shutdown::Write)
            .expect("an open connection");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        serde_json::from_str(body).expect("JSON")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves in this process until its standard input closes.
pub fn serve(role: &str) {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("the port").port();
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{port}")
            .and_then(|()| stdout.flush())
            .expect("an open pipe");
        match role {
            "s3" => s3::serve(listener).await,
            "sink" => sink::serve(listener).await,
            _ => panic!("{role:?} is no server"),
        }
    });
}
