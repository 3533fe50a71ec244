-- `:checkhealth glossator`

local M = {}

function M.check()
  local client = require('glossator.client')
  vim.health.start('glossator')
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. tostring(vim.version()))
  else
    vim.health.error('Neovim 0.11 or later is needed')
  end

  local trouble = client.trouble()
  if trouble then
    return vim.health.error(trouble)
  end
  local cmd = vim.lsp.config[client.name].cmd
  if type(cmd) == 'table' then
    local said = vim.system({ cmd[1], '--version' }, { text = true }):wait(10000)
    if said.code == 0 then
      vim.health.ok(('`%s`: %s'):format(vim.fn.exepath(cmd[1]), vim.trim(said.stdout)))
    else
      vim.health.error(('`%s --version` failed (exit code %d)'):format(cmd[1], said.code), { vim.trim(said.stderr or '') })
    end
  end

  if vim.lsp.is_enabled(client.name) then
    vim.health.ok('the language server is enabled')
  else
    vim.health.warn('the language server is not enabled', { "vim.lsp.enable('glossator')" })
  end

  local options = vim.lsp.config[client.name].init_options or {}
  vim.health.info(
    options.preview and 'edits are shown before they are applied'
      or 'edits are applied at once, unless your config.toml says `preview = true`'
  )
  vim.health.info(
    vim.g.glossator_thought == false and 'what the model thinks is not shown (vim.g.glossator_thought)'
      or 'what the model thinks is shown while it thinks'
  )

  local running = client.any()
  if not running then
    return vim.health.info('the server is not running; it starts with the first file that it knows')
  end
  local answer, failure = running:request_sync('glossator/status', vim.empty_dict(), 5000)
  if answer and answer.result then
    vim.health.ok('the server answers: ' .. require('glossator.commands').status_text(answer.result):gsub('\n', '; '))
  else
    vim.health.error('the server does not answer: ' .. (failure or vim.inspect(answer and answer.err)))
  end
end

return M
