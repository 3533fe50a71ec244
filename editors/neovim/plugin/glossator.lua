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
require('glossator.jobs').setup()
require('glossator.life').setup()

for way, what in pairs({
  next = 'the next edit that was found',
  previous = 'the previous edit that was found',
  accept = 'accept the edit that is shown',
  reject = 'reject the edit that is shown',
}) do
  local plug = ('<Plug>(glossator-%s)'):format(way)
  vim.keymap.set('n', plug, ('<Cmd>Glossator %s<CR>'):format(way), { desc = 'Glossator: ' .. what })
end

if vim.g.glossator_enable ~= false then
  vim.lsp.enable('glossator')
end
