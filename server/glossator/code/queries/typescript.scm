;; outline
(public_field_definition name: (_) @name value: (arrow_function parameters: (_) @parameters body: (_) @body)) @def.method
(public_field_definition name: (_) @name value: (function_expression parameters: (_) @parameters body: (_) @body)) @def.method
(abstract_class_declaration name: (_) @name body: (_) @body) @def.class
(interface_declaration name: (_) @name body: (_) @body) @def.interface
(type_alias_declaration name: (_) @name) @def.type
(enum_declaration name: (_) @name body: (_) @body) @def.enum
(internal_module name: (_) @name body: (_) @body) @def.module
(module name: (_) @name body: (_) @body) @def.module
(function_signature name: (_) @name parameters: (_) @parameters) @def.function
(method_signature name: (_) @name parameters: (_) @parameters) @def.method
(abstract_method_signature name: (_) @name parameters: (_) @parameters) @def.method
(ambient_declaration (_) @inner) @wrap
(expression_statement (internal_module) @inner) @wrap
(class_body (decorator) @above)

;; calls

;; functions
(function_declaration) @function
(generator_function_declaration) @function
(method_definition) @function
(variable_declarator value: (arrow_function) @function)
(variable_declarator value: (function_expression) @function)
(public_field_definition value: (arrow_function) @function)

;; names
(type_identifier) @name

;; sets
(public_field_definition name: (_) @declares) @set
(required_parameter (accessibility_modifier) pattern: (identifier) @declares) @set
(required_parameter "readonly" pattern: (identifier) @declares) @set
(optional_parameter (accessibility_modifier) pattern: (identifier) @declares) @set
