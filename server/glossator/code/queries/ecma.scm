; What JavaScript and TypeScript share.

;; outline
(function_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @def.function
(generator_function_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @def.function
(class_declaration name: (_) @name body: (_) @body) @def.class
(method_definition name: (_) @name parameters: (_) @parameters body: (_) @body) @def.method
(variable_declarator name: (identifier) @name value: (arrow_function parameters: (_) @parameters body: (_) @body)) @def.function
(variable_declarator name: (identifier) @name value: (arrow_function parameter: (_) @parameter body: (_) @body)) @def.function
(variable_declarator name: (identifier) @name value: (function_expression parameters: (_) @parameters body: (_) @body)) @def.function
(variable_declarator name: (identifier) @name value: (generator_function parameters: (_) @parameters body: (_) @body)) @def.function
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @def.class
(pair key: (property_identifier) @name value: (arrow_function parameters: (_) @parameters body: (_) @body)) @def.method
(pair key: (property_identifier) @name value: (function_expression parameters: (_) @parameters body: (_) @body)) @def.method
(assignment_expression left: (member_expression property: (_) @name)
  right: (function_expression parameters: (_) @parameters body: (_) @body)) @def.function
(assignment_expression left: (member_expression property: (_) @name)
  right: (arrow_function parameters: (_) @parameters body: (_) @body)) @def.function
(export_statement "default" @name value: (function_expression parameters: (_) @parameters body: (_) @body)) @def.function
(export_statement "default" @name value: (arrow_function parameters: (_) @parameters body: (_) @body)) @def.function
(export_statement "default" @name value: (class body: (_) @body)) @def.class
(program (lexical_declaration (variable_declarator name: (identifier) @name) @def.variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @def.variable))
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name) @def.variable)))
(lexical_declaration . (variable_declarator) @inner .) @wrap
(variable_declaration . (variable_declarator) @inner .) @wrap
(expression_statement (assignment_expression) @inner) @wrap
(export_statement declaration: (_) @inner) @wrap
(decorator) @decorator
(comment) @comment
(import_statement) @import

;; calls
(call_expression function: (identifier) @callee)
(call_expression function: (member_expression property: (_) @callee))
(new_expression constructor: (identifier) @callee)
(new_expression constructor: (member_expression property: (_) @callee))

;; facts
(throw_statement (new_expression constructor: (_) @raise))
(throw_statement (identifier) @raise)
(throw_statement (call_expression function: (_) @raise))
(return_statement (_) @return)
(arrow_function body: (expression) @return)
(yield_expression) @yield
(assignment_expression left: (subscript_expression object: (_) @write))
(assignment_expression left: (member_expression object: (_) @write))
(augmented_assignment_expression left: (subscript_expression object: (_) @write))
(augmented_assignment_expression left: (member_expression object: (_) @write))
(update_expression argument: (subscript_expression object: (_) @write))
(update_expression argument: (member_expression object: (_) @write))
(unary_expression "delete" argument: (subscript_expression object: (_) @write))
(unary_expression "delete" argument: (member_expression object: (_) @write))
(call_expression function: (member_expression object: (_) @write property: (_) @mutator))

;; names
(identifier) @name
(property_identifier) @name

;; brings
(import_statement) @from
(export_statement source: (_)) @from
(variable_declarator name: (_) value: (call_expression function: (identifier) @how (#eq? @how "require"))) @from

;; reads
(member_expression object: [(this) (identifier)] @object property: (_) @field)

;; sets
(assignment_expression left: (_) @to) @set
(augmented_assignment_expression left: (_) @through) @set
(update_expression argument: (_) @through) @set
