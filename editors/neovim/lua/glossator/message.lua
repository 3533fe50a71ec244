-- One line on the message line. Knows nothing of what it says.

local M = {}

--- Shows `text`, cut to the screen: a longer message would ask for a key press. Who types a command or answers a
--- question of Neovim's is not written over.
---@param text string
---@param highlight? string
function M.line(text, highlight)
  if vim.api.nvim_get_mode().mode:find('^[cr]') then
    return
  end
  text = vim.fn.strcharpart((text:gsub('%s+', ' ')), 0, math.max(vim.v.echospace, 0))
  vim.api.nvim_echo({ { text, highlight } }, false, {})
end

return M
