-- What the server tells of its jobs (`glossator/job`, see docs/PROTOCOL.md) is handed to what shows it.

local client = require('glossator.client')

---@class glossator.Job
---@field key string tells it from the jobs of other servers
---@field client integer the server's client
---@field job string
---@field uri string
---@field title string
---@field state string
---@field thought? string
---@field offers? integer how many edits were found
---@field offered? boolean they wait for the user's word
---@field candidates? integer
---@field said? string
---@field note? string

local M = {}

local SHOW = { 'candidates', 'preview', 'thought' }

--- A server ended, and its jobs with it.
---@param id integer its client
function M.ended(id)
  for _, name in ipairs(SHOW) do
    require('glossator.' .. name).ended(id)
  end
end

--- Applies an edit without Neovim's line about it, which is often longer than the screen and then wants a key press.
---@type lsp.Handler
local function edit(failure, params, context)
  params.label = nil
  return vim.lsp.handlers['workspace/applyEdit'](failure, params, context)
end

--- Follows the server's jobs: then it shows no message of its own about what is shown here.
function M.setup()
  vim.lsp.config(client.name, {
    init_options = { jobs = true },
    handlers = {
      ['workspace/applyEdit'] = edit,
      ['glossator/job'] = function(_, job, context)
        job.client, job.key = context.client_id, ('%d/%s'):format(context.client_id, job.job)
        for _, name in ipairs(SHOW) do
          require('glossator.' .. name).told(job)
        end
      end,
    },
  })
end

return M
