//! `cargo xtask demo`: from a clone to a page in which `/find` answers.
//! Where weights, atlas and database lie is decided by the `mirage` binary (`MIRAGE_HOME`).

mod interrupt;
mod service;

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::arguments::{DemoOptions, ServePlan};
use crate::cargo::Workspace;
use crate::prerequisites;
use crate::steps::finish;
use service::{Service, pause, say};

/// Longest wait for a program to be ready. Loading takes seconds; a slow disk takes longer.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Its appearance asks the demo to end.
const STOP_FILE: &str = "stop";

/// Checks, builds and fetches what is missing, then serves the demo until Ctrl-C.
///
/// # Errors
/// Something is missing, does not build, can't be fetched or does not start.
pub(crate) fn run(workspace: &Workspace, options: &DemoOptions) -> Result<()> {
    prerequisites::check()?;
    eprintln!("Building. The first build takes a good while; later ones take seconds.");
    let programs = workspace.build_programs()?;
    let mirage = programs.get("mirage")?;
    finish(Command::new(mirage).args(["models", "pull", "--profile", "starter"]))?;
    let mut atlas = Command::new(mirage);
    atlas.args(["atlas", "starter"]);
    if options.reset {
        atlas.arg("--force");
    }
    finish(&mut atlas)?;

    let folder = workspace.target()?.join("demo");
    prepare_folder(&folder)?;
    interrupt::run_with_trap(
        &folder.join(STOP_FILE),
        // The build has just made it from the same source; the file this process was started
        // from may have been replaced by it.
        programs.get("xtask")?,
        &[
            "demo-serve".as_ref(),
            folder.as_os_str(),
            mirage.as_os_str(),
            programs.get("playground")?.as_os_str(),
            options.port.to_string().as_ref(),
        ],
    )
}

/// Starts playground and bot, prints the address, waits, and stops both in order.
///
/// # Errors
/// One of the two does not start or ends by itself; the other is stopped.
pub(crate) fn serve(plan: &ServePlan) -> Result<()> {
    let port = free_port(plan.port)?;
    if port != plan.port {
        say(&format!(
            "Port {} is taken: the playground uses {port}.",
            plan.port
        ));
    }
    let bot_token = plan.folder.join("bot-token");
    let page_token = plan.folder.join("page-token");

    // Dropped in reverse: the bot says goodbye while its server still listens.
    let mut playground = Service::start(
        "playground",
        Command::new(&plan.playground)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .arg("--bot-token-file")
            .arg(&bot_token)
            .arg("--page-token-file")
            .arg(&page_token),
        &plan.folder,
    )?;
    wait_until("listening", &plan.folder, &mut [&mut playground], |_| {
        token_is_written(&bot_token) && token_is_written(&page_token) && answers(port)
    })?;
    let mut bot = Service::start(
        "bot",
        Command::new(&plan.mirage)
            .args(["bot", "--discord-url", &format!("http://127.0.0.1:{port}")])
            .env("DISCORD_TOKEN_FILE", &bot_token)
            // What is set in the person's shell is for the real Discord: that token must not
            // reach the local server, and that server (guild) doesn't exist in it.
            .env_remove("DISCORD_TOKEN")
            .env_remove("MIRAGE_GUILD"),
        &plan.folder,
    )?;
    wait_until(
        "ready",
        &plan.folder,
        &mut [&mut bot, &mut playground],
        |services| services[0].printed_line_starting("Ready"),
    )?;

    let token = fs::read_to_string(&page_token).context("the page's token can't be read")?;
    say(&invitation(port, token.trim(), &plan.folder));
    wait_for_stop(&plan.folder, &mut bot, &mut playground)?;
    say("Stopping.");
    bot.stop();
    playground.stop();
    say("Stopped.");
    Ok(())
}

fn invitation(port: u16, token: &str, folder: &Path) -> String {
    format!(
        "\nThe playground is open at\n\n  http://127.0.0.1:{port}/playground/#token={token}\n\n\
         It is a local stand-in for Discord, not Discord itself, and only this machine can \
         reach it.\n\
         Try:  /find query: axial brain MRI\n\
         Logs: {}\n\
         Press Ctrl-C to stop.",
        folder.display()
    )
}

/// Makes the folder and removes what an earlier run left: tokens are good for one run.
fn prepare_folder(folder: &Path) -> Result<()> {
    let cleared = match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    };
    cleared
        .and_then(|()| fs::create_dir_all(folder))
        .with_context(|| format!("{} can't be written", folder.display()))
}

/// The wanted port, or one that the system picks when another program has it.
fn free_port(wanted: u16) -> Result<u16> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)) {
        Ok(_) => Ok(wanted),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .context("no port is free on 127.0.0.1")?;
            Ok(listener.local_addr()?.port())
        }
        Err(error) => {
            Err(error).with_context(|| format!("port {wanted} on 127.0.0.1 can't be used"))
        }
    }
}

fn token_is_written(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|token| !token.trim().is_empty())
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

/// Waits for `condition`, for the death of a service, for Ctrl-C or for the end of patience.
/// The first service is the one that is waited for.
fn wait_until(
    state: &str,
    folder: &Path,
    services: &mut [&mut Service],
    condition: impl Fn(&[&mut Service]) -> bool,
) -> Result<()> {
    let start = Instant::now();
    while !condition(services) {
        for service in services.iter_mut() {
            service.must_be_alive()?;
        }
        if stop_is_asked(folder) {
            bail!("stopped before everything was ready");
        }
        if start.elapsed() > READY_WITHIN {
            let seconds = READY_WITHIN.as_secs();
            bail!(
                "the {} was not {state} after {seconds} seconds.\n{}",
                services[0].name(),
                services[0].last_words()
            );
        }
        pause();
    }
    Ok(())
}

fn wait_for_stop(folder: &Path, bot: &mut Service, playground: &mut Service) -> Result<()> {
    while !stop_is_asked(folder) {
        bot.must_be_alive()?;
        playground.must_be_alive()?;
        pause();
    }
    Ok(())
}

fn stop_is_asked(folder: &Path) -> bool {
    folder.join(STOP_FILE).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_replaced() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let taken = listener.local_addr().expect("an address").port();
        assert!(answers(taken));
        let other = free_port(taken).expect("another port");
        assert_ne!(other, taken);
        drop(listener);
        assert_eq!(free_port(other).expect("it is free"), other);
    }

    #[test]
    fn the_address_carries_the_token() {
        let text = invitation(7878, "abc", Path::new("/t/demo"));
        assert!(
            text.contains("http://127.0.0.1:7878/playground/#token=abc\n"),
            "{text}"
        );
        assert!(text.contains("not Discord itself"));
    }

    #[cfg(unix)]
    mod with_stand_ins {
        use super::super::*;

        use std::path::PathBuf;
        use std::thread::JoinHandle;

        /// Python listens and writes the tokens, as the playground does.
        const PLAYGROUND: &str = r#"#!/bin/sh
port=${2##*:}
printf bot > "$4"
printf page > "$6"
exec python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True: s.accept()' "$port"
"#;

        const BOT: &str = "#!/bin/sh\necho \"token file: $DISCORD_TOKEN_FILE\"\n\
            echo Ready to answer\ntrap 'echo bot goes; exit 0' TERM\n\
            while :; do sleep 0.05; done\n";

        fn plan(name: &str, bot: &str) -> ServePlan {
            let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
            prepare_folder(&folder).expect("a folder");
            let script = |name: &str, text: &str| -> PathBuf {
                let path = folder.join(name);
                // Written by a child: a file that this process holds open for writing while
                // another test forks can't be started ("text file busy").
                let written = Command::new("sh")
                    .args(["-c", "printf %s \"$2\" > \"$1\"; chmod 755 \"$1\"", "sh"])
                    .arg(&path)
                    .arg(text)
                    .status();
                assert!(written.expect("sh starts").success());
                path
            };
            let mirage = script("mirage", bot);
            let playground = script("playground", PLAYGROUND);
            ServePlan {
                folder,
                mirage,
                playground,
                port: some_port(),
            }
        }

        fn some_port() -> u16 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            listener.local_addr().expect("an address").port()
        }

        fn serve_in_background(plan: ServePlan) -> JoinHandle<Result<()>> {
            std::thread::spawn(move || serve(&plan))
        }

        #[test]
        fn the_bot_is_started_with_the_token_and_stopped_first() {
            let plan = plan("serve", BOT);
            let (folder, port) = (plan.folder.clone(), plan.port);
            let served = serve_in_background(plan);
            let log = folder.join("bot.log");
            let start = Instant::now();
            while !fs::read_to_string(&log)
                .unwrap_or_default()
                .contains("Ready")
            {
                assert!(
                    start.elapsed() < Duration::from_secs(30),
                    "the bot did not start"
                );
                pause();
            }
            assert!(answers(port));
            fs::write(folder.join(STOP_FILE), "").expect("a stop file");
            served.join().expect("no panic").expect("a clean end");
            let log = fs::read_to_string(log).expect("a log");
            assert!(log.contains("bot-token"), "{log}");
            assert!(log.ends_with("bot goes\n"), "{log}");
            assert!(!answers(port), "the playground is stopped too");
            fs::remove_dir_all(folder).expect("it was made above");
        }

        #[test]
        fn a_bot_that_dies_is_named_with_its_last_words() {
            let plan = plan(
                "dies",
                "#!/bin/sh\necho 'the atlas is missing' >&2\nexit 4\n",
            );
            let (folder, port) = (plan.folder.clone(), plan.port);
            let error = serve_in_background(plan)
                .join()
                .expect("no panic")
                .expect_err("it died");
            let text = error.to_string();
            assert!(text.starts_with("the bot ended by itself"), "{text}");
            assert!(text.contains("the atlas is missing"), "{text}");
            assert!(!answers(port), "the playground is stopped too");
            fs::remove_dir_all(folder).expect("it was made above");
        }
    }
}
