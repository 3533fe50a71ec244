-- How Neovim (0.11 or later) starts Glossator's language server. This file is enough by itself: put it into the folder
-- `lsp` of your configuration and call `vim.lsp.enable('glossator')`.

---@type vim.lsp.Config
return {
  cmd = { 'glossator', 'serve' },
  filetypes = {
    'c',
    'cpp',
    'go',
    'java',
    'javascript',
    'javascriptreact',
    'python',
    'rust',
    'typescript',
    'typescriptreact',
  },
  root_markers = { '.git', '.hg', 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml', 'compile_commands.json' },
}
