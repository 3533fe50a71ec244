-- Shows what a running job does on the message line, and in `require('glossator.progress').text()` for a statusline.

local M = {}

local running = {} ---@type table<string, string> client and progress token -> what it does

--- What is being done now, for a statusline; empty when nothing is.
---@return string
function M.text()
  local _, text = next(running)
  return text or ''
end

--- A server ended, and its jobs with it.
---@param id integer its client
function M.ended(id)
  for key in pairs(running) do
    if vim.startswith(key, id .. '/') then
      running[key] = nil
    end
  end
end

function M.setup()
  vim.api.nvim_create_autocmd('LspProgress', {
    group = vim.api.nvim_create_augroup('glossator_progress', {}),
    callback = function(event)
      local attached = vim.lsp.get_client_by_id(event.data.client_id)
      if not attached or attached.name ~= require('glossator.client').name then
        return
      end
      local token, value = ('%d/%s'):format(attached.id, event.data.params.token), event.data.params.value
      if value.kind == 'end' then
        running[token] = nil
      else
        local title = value.title or (running[token] or 'Glossator'):match('^[^:]*')
        running[token] = value.message and ('%s: %s'):format(title, value.message) or title
      end
      if vim.g.glossator_progress ~= false then
        require('glossator.message').line(M.text(), 'Comment')
      end
    end,
  })
end

return M
