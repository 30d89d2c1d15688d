//! `cargo xtask`: sets up, demonstrates, tests and tidies the workspace.
//! It starts other programs and reads text. Nothing that the bot needs at run time lives here.

mod arguments;
mod cargo;
mod demo;
mod environment;
mod prerequisites;
mod protoc;
mod steps;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;

use arguments::{Task, USAGE};
use cargo::Workspace;

fn main() -> ExitCode {
    let typed: Vec<String> = std::env::args().skip(1).collect();
    let task = match arguments::parse(&typed) {
        Ok(task) => task,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Help => {
            println!("{USAGE}");
            Ok(())
        }
        Task::Demo(options) => demo::run(&Workspace::find()?, &options),
        Task::DemoServe(plan) => demo::serve(&plan),
        Task::Test { extra } => test::run(&Workspace::find()?, &extra),
        Task::Tidy => tidy::run(&Workspace::find()?),
        Task::Env => {
            let protoc = protoc::choose(&Workspace::find()?.target()?)?;
            println!(
                "export PROTOC={}",
                environment::shell_quoted(&protoc.to_string_lossy())
            );
            Ok(())
        }
    }
}
