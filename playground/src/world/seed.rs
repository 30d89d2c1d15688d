//! The world as it is at the start: one guild, a few people, two channels and a thread.

use std::collections::{BTreeMap, VecDeque};

use super::channels::Channel;
use super::users::{
    ADMINISTRATOR, ATTACH_FILES, CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, EMBED_LINKS,
    MANAGE_GUILD, MANAGE_MESSAGES, MANAGE_THREADS, READ_MESSAGE_HISTORY, Role, SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS, USE_APPLICATION_COMMANDS, USE_EXTERNAL_EMOJIS, User, VIEW_CHANNEL,
};
use super::{Guild, State};
use crate::snowflake::{Snowflake, SnowflakeGenerator};

/// What everybody may do, the bot among them.
const EVERYONE: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_EXTERNAL_EMOJIS
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS;

/// The world exists since thirty days before the start.
const AGE_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

struct Seed<'a> {
    ids: &'a SnowflakeGenerator,
    created_ms: u64,
}

impl Seed<'_> {
    fn id(&self) -> Snowflake {
        self.ids.next(self.created_ms)
    }

    fn person(&self, username: &str, name: &str, locale: &str, roles: &[Snowflake]) -> User {
        User {
            id: self.id(),
            username: username.to_owned(),
            display_name: name.to_owned(),
            locale: locale.to_owned(),
            roles: roles.to_vec(),
            joined_ms: self.created_ms,
            is_bot: false,
        }
    }
}

fn role(id: Snowflake, name: &str, permissions: u64, position: u16, color: u32) -> Role {
    Role {
        id,
        name: name.to_owned(),
        permissions,
        position,
        color,
        managed_by: None,
    }
}

/// Makes the first state. `bot` is the id of the application and of its user.
pub(super) fn state(
    ids: &SnowflakeGenerator,
    now_ms: u64,
    bot: Snowflake,
    bot_name: &str,
) -> State {
    let seed = Seed {
        ids,
        created_ms: now_ms.saturating_sub(AGE_MS),
    };
    let guild = seed.id();
    let (tutor, admin, integration) = (seed.id(), seed.id(), seed.id());
    let tutor_bits = MANAGE_GUILD | MANAGE_MESSAGES | MANAGE_THREADS | CREATE_PRIVATE_THREADS;
    let bot_bits = EVERYONE | CREATE_PRIVATE_THREADS | MANAGE_THREADS;
    let roles = vec![
        role(guild, "@everyone", EVERYONE, 0, 0),
        Role {
            managed_by: Some(bot),
            ..role(integration, bot_name, bot_bits, 1, 0)
        },
        role(tutor, "Tutor", tutor_bits, 2, 0x1F_8B_4C),
        role(admin, "Admin", ADMINISTRATOR, 3, 0x99_2D_22),
    ];
    let users = users(&seed, (bot, bot_name), [tutor, admin, integration]);
    let owner = users[3].id;
    let channels = channels(&seed, &users);
    State {
        guild: Guild {
            id: guild,
            name: "Radiology class".to_owned(),
            owner,
            locale: "en-US",
        },
        roles,
        users,
        bot,
        channels: channels
            .into_iter()
            .map(|channel| (channel.id, channel))
            .collect(),
        messages: BTreeMap::new(),
        commands: Vec::new(),
        interactions: BTreeMap::new(),
        uploads: VecDeque::new(),
    }
}

/// The people and the bot; the roles are those of the tutor, the administrator and the bot.
fn users(seed: &Seed<'_>, (bot, bot_name): (Snowflake, &str), roles: [Snowflake; 3]) -> Vec<User> {
    let [tutor, admin, integration] = roles;
    vec![
        seed.person("ada", "Ada", "en-US", &[]),
        seed.person("noor", "Noor", "ar", &[]),
        seed.person("sam", "Sam", "en-GB", &[tutor]),
        seed.person("robin", "Robin", "en-US", &[admin]),
        User {
            id: bot,
            is_bot: true,
            ..seed.person("practice_bot", bot_name, "en-US", &[integration])
        },
    ]
}

/// Two channels, a thread of the tutor's, and a direct channel for each person.
fn channels(seed: &Seed<'_>, users: &[User]) -> Vec<Channel> {
    let (general, imaging, thread) = (seed.id(), seed.id(), seed.id());
    let (tutor, created) = (users[2].id, seed.created_ms);
    let mut channels = vec![
        Channel::text(general, "general", 0, created),
        Channel {
            topic: Some("Cases and pictures".to_owned()),
            ..Channel::text(imaging, "imaging", 1, created)
        },
        Channel::thread(thread, "Week 1 cases", (imaging, tutor), created),
    ];
    for user in users.iter().filter(|user| !user.is_bot) {
        channels.push(Channel::direct(seed.id(), user.id, created));
    }
    channels
}

impl State {
    /// The user that a test means: `student`, `noor`, `tutor`, `admin`, a user name, a name as it
    /// is shown, or an id.
    pub(crate) fn find_user(&self, name: &str) -> Option<&User> {
        let lower = name.to_lowercase();
        let username = match lower.as_str() {
            "student" => "ada",
            "tutor" => "sam",
            "admin" => "robin",
            other => other,
        };
        let mut people = self.users.iter().filter(|user| !user.is_bot);
        people
            .clone()
            .find(|user| user.username == username)
            .or_else(|| people.find(|user| user.display_name.to_lowercase() == lower))
            .or_else(|| self.user(name.parse().ok()?))
    }
}
