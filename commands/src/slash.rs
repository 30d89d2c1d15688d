//! The Discord side: the bot, its slash commands and its buttons. State lives in the store and the
//! atlas; nothing here survives a restart, and nothing needs to.

mod announce;
mod atlas;
mod attachments;
mod buttons;
mod compare;
mod compare_with;
mod connect;
mod custom_id;
mod data;
mod errors;
mod explain;
mod explain_feedback;
mod explain_image;
mod find;
mod generate;
mod job_message;
mod make_variant;
mod modals;
mod my_data;
mod queue;
mod quiz;
mod respond;
mod results;
mod similar;
mod suggest;
mod tutor;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mirage::atlas::Atlas;
use mirage::config::Secret;
use mirage::jobs::Jobs;
use mirage::store::Store;
use poise::serenity_prelude as serenity;
use tokio_util::sync::CancellationToken;
use url::Url;

use data::Data;
use errors::CommandError;

pub use connect::StartError;
pub use writer::Writer;

/// What commands get.
type Context<'a> = poise::ApplicationContext<'a, Data, CommandError>;

/// How long answers that are under way may take after a shutdown was asked for.
const GRACE: Duration = Duration::from_secs(7);
/// How long news of jobs that are being sent may take then.
const NEWS_GRACE: Duration = Duration::from_secs(2);
/// How often old searches and jobs are deleted.
const CLEANING: Duration = Duration::from_secs(24 * 60 * 60);

/// How the bot reaches Discord.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bot's token.
    pub token: Secret,
    /// Base URL of a Discord-compatible server; Discord itself without it.
    pub discord_url: Option<Url>,
    /// The one server to register the commands in; everywhere without it.
    pub guild: Option<u64>,
    /// Folder whose collections a tutor may import.
    pub imports: PathBuf,
    /// Words explanations, where there is one.
    pub writer: Writer,
}

/// Every command that the bot has, in one list.
fn commands() -> Vec<poise::Command<Data, CommandError>> {
    vec![
        find::find(),
        similar::similar(),
        explain::explain(),
        explain_image::explain_image(),
        compare::compare(),
        compare_with::compare_with(),
        generate::generate(),
        make_variant::make_variant(),
        queue::queue(),
        quiz::quiz(),
        atlas::atlas(),
        explain_feedback::explain_feedback(),
        my_data::my_data(),
    ]
}

/// Runs the bot until `cancel` is triggered. `ready` is called once, when the commands are
/// registered and Discord sends events. Jobs are accepted and their news told here; workers are
/// the caller's.
///
/// # Errors
/// [`StartError`] when Discord can't be reached, refuses the token, or ends the session.
pub async fn run(
    atlas: Atlas,
    jobs: Jobs,
    settings: Settings,
    cancel: CancellationToken,
    ready: impl FnOnce() + Send + Sync + 'static,
) -> Result<(), StartError> {
    let http = connect::http(&settings);
    let gateway = connect::gateway(&http, &settings).await?;
    let attachments = attachments::Attachments::new(settings.discord_url.clone());
    let data = Data::new(
        atlas,
        jobs.clone(),
        settings.imports,
        attachments,
        settings.writer,
    );
    let failed = Arc::new(connect::SetupFailure::default());
    let framework = framework(
        data.clone(),
        settings.guild,
        Arc::clone(&failed),
        &cancel,
        ready,
    );
    let mut client = serenity::ClientBuilder::new_with_http(http, serenity::GatewayIntents::GUILDS)
        .framework(framework)
        .await
        .map_err(|error| StartError::from_serenity(&error))?;
    connect::assert_gateway(&client.ws_url.lock().await, &gateway)?;
    let shards = Arc::clone(&client.shard_manager);
    let cleaning = tokio::spawn(forget_what_is_old(jobs.store().clone()));
    let news = tokio::spawn(announce::announce(
        Arc::clone(&client.http),
        jobs,
        data.atlas.clone(),
        Arc::clone(&data.news),
        cancel.clone(),
    ));
    let quizzes = tokio::spawn(quiz::conduct(
        Arc::clone(&client.http),
        data.clone(),
        cancel.clone(),
    ));
    let running = tokio::spawn(async move { client.start().await });
    tokio::pin!(running);
    let ended = tokio::select! {
        ended = &mut running => Some(ended),
        () = cancel.cancelled() => None,
    };
    cleaning.abort();
    // A result that is just being posted must also be noted.
    cancel.cancel();
    // Held until the end: nothing new begins meanwhile.
    let closed = tokio::time::timeout(GRACE, data.work.finish()).await;
    if closed.is_err() {
        tracing::warn!("some answers were not finished before the shutdown");
    }
    let told = async { tokio::join!(news, quizzes) };
    if tokio::time::timeout(NEWS_GRACE, told).await.is_err() {
        tracing::warn!("news was being sent at the shutdown and may be sent again");
    }
    shards.shutdown_all().await;
    let ended = match ended {
        Some(ended) => ended,
        None => running.await,
    };
    if let Some(error) = failed.take() {
        return Err(error);
    }
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(StartError::from_serenity(&error)),
        Err(_) => Err(StartError::Ended(
            "the connection's task ended by itself".to_owned(),
        )),
    }
}

fn framework(
    data: Data,
    guild: Option<u64>,
    failed: Arc<connect::SetupFailure>,
    cancel: &CancellationToken,
    ready: impl FnOnce() + Send + Sync + 'static,
) -> poise::Framework<Data, CommandError> {
    let options = poise::FrameworkOptions {
        commands: commands(),
        on_error: |error| Box::pin(errors::on_error(error)),
        event_handler: |framework, event| Box::pin(on_event(framework, event)),
        initialize_owners: false,
        ..poise::FrameworkOptions::default()
    };
    let cancel = cancel.clone();
    poise::Framework::builder()
        .options(options)
        .initialize_owners(false)
        .setup(move |context, _, framework| {
            Box::pin(async move {
                // A bot whose commands can't be registered looks alive and answers nothing.
                match register(context, &framework.options().commands, guild).await {
                    Ok(()) => ready(),
                    Err(error) => {
                        failed.set(StartError::from_serenity(&error));
                        cancel.cancel();
                    }
                }
                Ok(data)
            })
        })
        .build()
}

async fn register(
    context: &serenity::Context,
    commands: &[poise::Command<Data, CommandError>],
    guild: Option<u64>,
) -> Result<(), serenity::Error> {
    respond::with_retries(|| async {
        match guild {
            Some(guild) => {
                let guild = serenity::GuildId::new(guild);
                poise::builtins::register_in_guild(context, commands, guild).await
            }
            None => poise::builtins::register_globally(context, commands).await,
        }
    })
    .await
}

async fn on_event(
    framework: poise::FrameworkContext<'_, Data, CommandError>,
    event: &serenity::FullEvent,
) -> Result<(), CommandError> {
    let serenity::FullEvent::InteractionCreate { interaction } = event else {
        return Ok(());
    };
    let (context, data) = (framework.serenity_context, framework.user_data().await);
    match interaction {
        serenity::Interaction::Component(component) => {
            buttons::dispatch(context, component, data).await;
        }
        serenity::Interaction::Modal(form) => modals::dispatch(context, form, data).await,
        // Commands and what they suggest are poise's.
        _ => {}
    }
    Ok(())
}

async fn forget_what_is_old(store: Store) {
    loop {
        match store.forget_old_searches(SystemTime::now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted old searches"),
            Err(error) => tracing::warn!(%error, "old searches could not be deleted"),
        }
        match store.forget_old_comparisons(SystemTime::now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted old comparisons"),
            Err(error) => tracing::warn!(%error, "old comparisons could not be deleted"),
        }
        match store.forget_old_explanations(SystemTime::now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted old explanations"),
            Err(error) => tracing::warn!(%error, "old explanations could not be deleted"),
        }
        match store.forget_old_pictures(SystemTime::now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted old synthetic pictures"),
            Err(error) => tracing::warn!(%error, "old synthetic pictures could not be deleted"),
        }
        match store.forget_old_jobs(SystemTime::now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted old jobs"),
            Err(error) => tracing::warn!(%error, "old jobs could not be deleted"),
        }
        tokio::time::sleep(CLEANING).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// A command with all that stand below it.
    fn with_subcommands(
        command: &poise::Command<Data, CommandError>,
    ) -> Vec<&poise::Command<Data, CommandError>> {
        let below = command.subcommands.iter().flat_map(with_subcommands);
        std::iter::once(command).chain(below).collect()
    }

    #[test]
    fn every_command_is_described_and_named_once() {
        let mut names = HashSet::new();
        for command in commands() {
            assert!(names.insert(command.name.clone()), "{} twice", command.name);
            let described = |text: &Option<_>| {
                text.as_ref()
                    .is_some_and(|text: &std::borrow::Cow<'_, str>| {
                        (1..=100).contains(&text.chars().count())
                    })
            };
            for command in with_subcommands(&command) {
                let in_menu = command.context_menu_name.as_deref();
                assert!(in_menu.is_none_or(|name| (1..=32).contains(&name.len())));
                assert!(
                    described(&command.description),
                    "{} has no description",
                    command.name
                );
                // What an entry of a menu is given is what was pressed, not an option.
                let options = command.parameters.iter().filter(|_| in_menu.is_none());
                for parameter in options {
                    assert!(described(&parameter.description), "{}", parameter.name);
                }
            }
        }
    }
}
