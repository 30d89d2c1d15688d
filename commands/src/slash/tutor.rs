//! Who is a tutor: whoever may manage the server that the request comes from. Discord says so with
//! each interaction.

use poise::serenity_prelude as serenity;

/// Whether a member may manage their server. Nobody is a tutor in a direct message.
pub(super) fn is_tutor(member: Option<&serenity::Member>) -> bool {
    member
        .and_then(|member| member.permissions)
        .is_some_and(|may| may.manage_guild() || may.administrator())
}
