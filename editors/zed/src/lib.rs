//! Tells Zed how Glossator's language server is started: the `glossator` that the shell finds on its PATH.

use zed_extension_api::{self as zed, settings::LspSettings, LanguageServerId, Result};

struct Glossator;

impl zed::Extension for Glossator {
    fn new() -> Self {
        Glossator
    }

    fn language_server_command(&mut self, _: &LanguageServerId, worktree: &zed::Worktree) -> Result<zed::Command> {
        let program = worktree
            .which("glossator")
            .ok_or("glossator is not on the PATH; install it with `uv tool install glossator`")?;
        Ok(zed::Command {
            command: program,
            args: vec!["serve".to_string()],
            env: worktree.shell_env(),
        })
    }

    /// What the opened folder may have written, too: not initialization options, which speak for the user alone.
    fn language_server_workspace_configuration(
        &mut self,
        id: &LanguageServerId,
        worktree: &zed::Worktree,
    ) -> Result<Option<zed::serde_json::Value>> {
        let settings = LspSettings::for_worktree(id.as_ref(), worktree)?;
        Ok(settings.settings.map(|found| zed::serde_json::json!({ "glossator": found })))
    }
}

zed::register_extension!(Glossator);
