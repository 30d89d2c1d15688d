//! A small bot on serenity 0.12, connected by base URL and token alone.

use std::sync::Arc;
use std::time::Duration;

use mirage_playground::{Options, Server};
use serenity::all::{
    ActionRowComponent, ButtonStyle, Client, Command, CommandInteraction, CommandOptionType,
    CommandType, ComponentInteraction, Context, CreateActionRow, CreateAttachment,
    CreateAutocompleteResponse, CreateButton, CreateCommand, CreateCommandOption, CreateEmbed,
    CreateInputText, CreateInteractionResponse, CreateInteractionResponseFollowup,
    CreateInteractionResponseMessage, CreateModal, CreateSelectMenu, CreateSelectMenuKind,
    CreateSelectMenuOption, EditInteractionResponse, EventHandler, GatewayIntents, InputTextStyle,
    Interaction, ModalInteraction, Ready, ResolvedTarget,
};
use serenity::gateway::ShardManager;
use serenity::http::HttpBuilder;

use crate::SOON;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A server with the bot connected and its commands registered.
pub(crate) struct Bot {
    pub(crate) server: Server,
    shards: Arc<ShardManager>,
    task: tokio::task::JoinHandle<()>,
}

impl Bot {
    pub(crate) async fn start() -> Result<Self, Failure> {
        Self::start_on(Server::start(Options::default()).await?).await
    }

    pub(crate) async fn start_on(server: Server) -> Result<Self, Failure> {
        let http = HttpBuilder::new(server.bot_token())
            .proxy(server.base_url())
            .ratelimiter_disabled(true)
            .build();
        let mut client =
            serenity::client::ClientBuilder::new_with_http(http, GatewayIntents::GUILDS)
                .event_handler(Handler)
                .await?;
        assert_eq!(client.ws_url.lock().await.as_str(), server.gateway_url());
        let shards = client.shard_manager.clone();
        let task = tokio::spawn(async move { run(&mut client).await });
        server.wait_for_bot(SOON).await?;
        server.wait_for_commands(SOON).await?;
        Ok(Self {
            server,
            shards,
            task,
        })
    }

    /// Stops the bot and checks that nothing was missing or refused.
    pub(crate) async fn finish(self) -> Result<(), Failure> {
        self.shards.shutdown_all().await;
        tokio::time::timeout(Duration::from_secs(10), self.task).await??;
        self.server.assert_clean()?;
        self.server.shutdown().await;
        Ok(())
    }
}

async fn run(client: &mut Client) {
    if let Err(error) = client.start().await {
        eprintln!("the bot ended: {error}");
    }
}

struct Handler;

fn commands() -> Vec<CreateCommand> {
    let text = CommandOptionType::String;
    vec![
        CreateCommand::new("echo")
            .description("Says it again")
            .add_option(
                CreateCommandOption::new(text, "text", "What to say")
                    .required(true)
                    .set_autocomplete(true),
            ),
        CreateCommand::new("slow").description("Thinks first, then shows a picture"),
        CreateCommand::new("panel").description("Buttons and a menu, for you alone"),
        CreateCommand::new("silent").description("Never answers"),
        CreateCommand::new("Repeat").kind(CommandType::Message),
    ]
}

#[serenity::async_trait]
impl EventHandler for Handler {
    async fn ready(&self, context: Context, _: Ready) {
        if let Err(error) = Command::set_global_commands(&context.http, commands()).await {
            eprintln!("the commands were not registered: {error}");
        }
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let done = match interaction {
            Interaction::Command(command) => on_command(&context, &command).await,
            Interaction::Autocomplete(command) => on_typing(&context, &command).await,
            Interaction::Component(component) => on_component(&context, &component).await,
            Interaction::Modal(modal) => on_modal(&context, &modal).await,
            _ => Ok(()),
        };
        if let Err(error) = done {
            eprintln!("an interaction failed: {error}");
        }
    }
}

fn message(text: impl Into<String>) -> CreateInteractionResponseMessage {
    CreateInteractionResponseMessage::new().content(text)
}

async fn on_command(context: &Context, command: &CommandInteraction) -> serenity::Result<()> {
    let http = &context.http;
    match command.data.name.as_str() {
        "echo" => {
            let text = command.data.options[0].value.as_str().unwrap_or_default();
            let answer = CreateInteractionResponse::Message(message(text));
            command.create_response(http, answer).await
        }
        "slow" => {
            command.defer(http).await?;
            let picture = CreateAttachment::bytes(crate::rest::png(), "brain.png")
                .description("An axial slice");
            let embed = CreateEmbed::new().title("Brain").attachment("brain.png");
            let edit = EditInteractionResponse::new()
                .embed(embed)
                .new_attachment(picture);
            command.edit_response(http, edit).await?;
            let more = CreateInteractionResponseFollowup::new().content("One more thing");
            command.create_followup(http, more).await.map(drop)
        }
        "panel" => {
            let answer = CreateInteractionResponse::Message(
                message("Choose").ephemeral(true).components(panel()),
            );
            command.create_response(http, answer).await
        }
        "Repeat" => {
            let text = match command.data.target() {
                Some(ResolvedTarget::Message(message)) => message.content.clone(),
                _ => "no message".to_owned(),
            };
            let answer = CreateInteractionResponse::Message(message(text));
            command.create_response(http, answer).await
        }
        _ => Ok(()),
    }
}

fn panel() -> Vec<CreateActionRow> {
    let button = |id: &str, label: &str| {
        CreateButton::new(id)
            .label(label)
            .style(ButtonStyle::Primary)
    };
    let options = ["CT", "MRI"]
        .map(|name| CreateSelectMenuOption::new(name, name))
        .to_vec();
    vec![
        CreateActionRow::Buttons(vec![
            button("now", "Change now"),
            button("later", "Change later"),
            button("ask", "Ask me"),
        ]),
        CreateActionRow::SelectMenu(CreateSelectMenu::new(
            "kind",
            CreateSelectMenuKind::String { options },
        )),
    ]
}

async fn on_typing(context: &Context, command: &CommandInteraction) -> serenity::Result<()> {
    let typed = command
        .data
        .autocomplete()
        .map(|option| option.value)
        .unwrap_or_default();
    let answer = ["brain", "breast", "knee"]
        .into_iter()
        .filter(|name| name.starts_with(typed))
        .fold(CreateAutocompleteResponse::new(), |answer, name| {
            answer.add_string_choice(name, name)
        });
    command
        .create_response(
            &context.http,
            CreateInteractionResponse::Autocomplete(answer),
        )
        .await
}

async fn on_component(context: &Context, component: &ComponentInteraction) -> serenity::Result<()> {
    let http = &context.http;
    let update = |text: &str| CreateInteractionResponse::UpdateMessage(message(text));
    match component.data.custom_id.as_str() {
        "now" => component.create_response(http, update("Changed now")).await,
        "later" => {
            component
                .create_response(http, CreateInteractionResponse::Acknowledge)
                .await?;
            let edit = EditInteractionResponse::new().content("Changed later");
            component.edit_response(http, edit).await.map(drop)
        }
        "ask" => {
            let input = CreateInputText::new(InputTextStyle::Short, "Why?", "why");
            let modal = CreateModal::new("reason", "A question")
                .components(vec![CreateActionRow::InputText(input)]);
            component
                .create_response(http, CreateInteractionResponse::Modal(modal))
                .await
        }
        "kind" => {
            let chosen = match &component.data.kind {
                serenity::all::ComponentInteractionDataKind::StringSelect { values } => {
                    values.join(", ")
                }
                _ => "nothing".to_owned(),
            };
            component.create_response(http, update(&chosen)).await
        }
        _ => Ok(()),
    }
}

async fn on_modal(context: &Context, modal: &ModalInteraction) -> serenity::Result<()> {
    let text = match &modal.data.components[0].components[0] {
        ActionRowComponent::InputText(input) => input.value.clone().unwrap_or_default(),
        _ => String::new(),
    };
    let answer = CreateInteractionResponse::Message(message(format!("Because {text}")));
    modal.create_response(&context.http, answer).await
}
