//! A real PostgreSQL server of this test's own, where the system has one installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A server on a socket in a folder; both go with the value.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
}

impl Postgres {
    /// Makes a database cluster and starts its server. `None` where PostgreSQL isn't installed.
    ///
    /// # Errors
    /// It is installed and doesn't start.
    pub fn start() -> Result<Option<Self>> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let folder = tempfile::Builder::new().prefix("mirage-pg-").tempdir()?;
        if is_root() {
            // PostgreSQL refuses to run as root; its package makes a user for it.
            run(Command::new("chown").arg("postgres").arg(folder.path()))?;
        }
        let server = Self { folder, programs };
        let data = server.data();
        let mut cluster = server.command("initdb");
        cluster
            .args(["--auth=trust", "--username=mirage", "--no-sync", "-D"])
            .arg(&data);
        run(&mut cluster)?;
        let mut start = server.command("pg_ctl");
        let options = format!(
            "-c listen_addresses='' -c fsync=off -k {}",
            server.folder.path().display()
        );
        start.args(["start", "--wait", "--silent", "-D"]).arg(&data);
        start
            .arg("-l")
            .arg(server.folder.path().join("log"))
            .args(["-o", &options]);
        run(&mut start)?;
        Ok(Some(server))
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        format!(
            "postgres://mirage@localhost/postgres?host={}",
            self.folder.path().display()
        )
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of its programs, as the user that it may run as.
    fn command(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--silent", "-D"])
            .arg(self.data());
        if let Err(error) = run(&mut stop) {
            tracing::warn!(%error, "the database server did not stop");
        }
    }
}

/// The folder with `initdb`: Debian keeps it out of the path, a version each.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = debian.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let local = ["/usr/local/bin", "/usr/bin"].map(PathBuf::from);
    debian.chain(local).find(|folder| {
        let has = |name: &str| Path::new(folder).join(name).is_file();
        has("initdb") && has("pg_ctl") && has("postgres")
    })
}

fn is_root() -> bool {
    // The owner of this process's own folder in /proc is who runs it.
    std::fs::metadata("/proc/self").is_ok_and(|folder| {
        use std::os::unix::fs::MetadataExt as _;
        folder.uid() == 0
    })
}

fn run(command: &mut Command) -> Result<Output> {
    // Without pipes: the server would hold them open after pg_ctl has ended.
    let log = tempfile::tempfile()?;
    let status = command
        .stdin(std::process::Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?)
        .status()
        .with_context(|| format!("{command:?}"))?;
    let mut said = String::new();
    let mut log = log;
    std::io::Seek::rewind(&mut log)?;
    std::io::Read::read_to_string(&mut log, &mut said)?;
    if !status.success() {
        bail!("{command:?} failed: {said}");
    }
    Ok(Output {
        status,
        stdout: said.into_bytes(),
        stderr: Vec::new(),
    })
}
