-- Registers `:Glossator` and enables the language server. `vim.g.glossator_enable = false` leaves enabling to you.

if vim.g.loaded_glossator then
  return
end
vim.g.loaded_glossator = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.notify('glossator: Neovim 0.11 or later is needed', vim.log.levels.WARN)
  return
end

vim.api.nvim_create_user_command('Glossator', function(command)
  require('glossator.commands').run(command)
end, {
  nargs = '+',
  range = true,
  desc = 'Explain or edit the code at the cursor with a local model',
  complete = function(lead, line)
    return require('glossator.commands').complete(lead, line)
  end,
})

require('glossator.progress').setup()
require('glossator.candidates').setup()

if vim.g.glossator_enable ~= false then
  vim.lsp.enable('glossator')
end
