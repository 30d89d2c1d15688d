//! Who may do what with quizzes: students answer, tutors draft, review and lead sessions, and who may
//! manage the server sets which roles these are. Discord tells a member's roles and permissions with
//! each interaction; nothing of them is kept.

use mirage::store::quiz::QuizSettings;
use mirage::store::{Store, StoreError};
use poise::serenity_prelude as serenity;

use crate::slash::Context;
use crate::slash::errors::CommandError;

/// Somebody who does something in a server.
#[derive(Debug, Clone)]
pub(in crate::slash) struct Person {
    pub(super) user: u64,
    pub(super) server: u64,
    roles: Vec<u64>,
    may: serenity::Permissions,
}

impl Person {
    /// Who gave a command.
    ///
    /// # Errors
    /// The sentence for somebody who isn't in a server.
    pub(super) fn of_command(context: Context<'_>) -> Result<Self, CommandError> {
        let interaction = context.interaction;
        let member = interaction.member.as_deref();
        Self::of(interaction.user.id, interaction.guild_id, member)
    }

    /// Who pressed a button, chose in a menu or sent a form.
    ///
    /// # Errors
    /// As [`Self::of_command`].
    pub(in crate::slash) fn of(
        user: serenity::UserId,
        server: Option<serenity::GuildId>,
        member: Option<&serenity::Member>,
    ) -> Result<Self, CommandError> {
        let (Some(server), Some(member)) = (server, member) else {
            let sentence = "Quizzes belong to a server. Use this in one of its channels.";
            return Err(CommandError::Shown(sentence.to_owned()));
        };
        Ok(Self {
            user: user.get(),
            server: server.get(),
            roles: member.roles.iter().map(|role| role.get()).collect(),
            may: member.permissions.unwrap_or_default(),
        })
    }

    /// Whether they are a tutor of the server.
    ///
    /// # Errors
    /// What the database reports.
    pub(in crate::slash) async fn may_tutor(&self, store: &Store) -> Result<bool, StoreError> {
        let settings = store.quiz_settings(self.server).await?;
        Ok(self.is_tutor(&settings))
    }

    /// Passes for who is a tutor of the server.
    ///
    /// # Errors
    /// The sentence for anybody else, or what the database reports.
    pub(super) async fn require_tutor(&self, store: &Store) -> Result<(), CommandError> {
        let settings = store.quiz_settings(self.server).await?;
        if self.is_tutor(&settings) {
            return Ok(());
        }
        let who = match settings.tutor_role {
            Some(role) => format!("who has the role <@&{role}>"),
            None => "who may manage messages".to_owned(),
        };
        let sentence = format!("Only a tutor of this server, {who}, can do this.");
        Err(CommandError::Shown(sentence))
    }

    /// Passes for who may answer in the server.
    ///
    /// # Errors
    /// The sentence for anybody else, or what the database reports.
    pub(super) async fn require_student(&self, store: &Store) -> Result<(), CommandError> {
        let settings = store.quiz_settings(self.server).await?;
        match settings.student_role {
            Some(role) if !self.is_student(&settings) => Err(CommandError::Shown(format!(
                "Quizzes of this server are for the role <@&{role}>. Ask a tutor for it."
            ))),
            _ => Ok(()),
        }
    }

    /// Passes for who may manage the server.
    ///
    /// # Errors
    /// The sentence for anybody else.
    pub(super) fn require_manager(&self) -> Result<(), CommandError> {
        if self.may_manage() {
            return Ok(());
        }
        let sentence = "Only somebody who may manage this server can change its settings.";
        Err(CommandError::Shown(sentence.to_owned()))
    }

    fn may_manage(&self) -> bool {
        self.may.manage_guild() || self.may.administrator()
    }

    fn has(&self, role: u64) -> bool {
        // Everybody has the role that is called like the server, and nobody's list names it.
        role == self.server || self.roles.contains(&role)
    }

    fn is_tutor(&self, settings: &QuizSettings) -> bool {
        self.may_manage()
            || match settings.tutor_role {
                Some(role) => self.has(role),
                None => self.may.manage_messages(),
            }
    }

    fn is_student(&self, settings: &QuizSettings) -> bool {
        let is_free = settings.student_role.is_none_or(|role| self.has(role));
        is_free || self.is_tutor(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poise::serenity_prelude::Permissions;

    fn person(roles: &[u64], may: Permissions) -> Person {
        Person {
            user: 7,
            server: 1,
            roles: roles.to_vec(),
            may,
        }
    }

    #[test]
    fn without_settings_discords_permissions_decide() {
        let settings = QuizSettings::default();
        for (may, is_tutor) in [
            (Permissions::empty(), false),
            (Permissions::SEND_MESSAGES, false),
            (Permissions::MANAGE_MESSAGES, true),
            (Permissions::MANAGE_GUILD, true),
            (Permissions::ADMINISTRATOR, true),
        ] {
            let person = person(&[], may);
            assert_eq!(person.is_tutor(&settings), is_tutor, "{may:?}");
            assert!(person.is_student(&settings));
        }
    }

    #[test]
    fn roles_that_are_set_decide_in_place_of_the_permission_to_manage_messages() {
        let settings = QuizSettings {
            tutor_role: Some(20),
            student_role: Some(30),
            ..QuizSettings::default()
        };
        let none = Permissions::empty();
        assert!(person(&[20], none).is_tutor(&settings));
        assert!(!person(&[30], none).is_tutor(&settings));
        assert!(!person(&[], Permissions::MANAGE_MESSAGES).is_tutor(&settings));
        // Who manages the server can't lock themselves out.
        assert!(person(&[], Permissions::MANAGE_GUILD).is_tutor(&settings));
        assert!(person(&[30], none).is_student(&settings));
        assert!(person(&[20], none).is_student(&settings));
        assert!(!person(&[], none).is_student(&settings));
    }

    #[test]
    fn everybody_has_the_role_of_the_server_itself() {
        let settings = QuizSettings {
            student_role: Some(1),
            ..QuizSettings::default()
        };
        assert!(person(&[], Permissions::empty()).is_student(&settings));
    }

    #[test]
    fn nobody_is_anything_in_a_direct_message() {
        let refused = Person::of(serenity::UserId::new(7), None, None);
        assert!(matches!(refused, Err(CommandError::Shown(_))));
    }
}
