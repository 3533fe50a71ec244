;; outline
(class_declaration name: (_) @name body: (_) @body) @def.class
(record_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @def.class
(interface_declaration name: (_) @name body: (_) @body) @def.interface
(annotation_type_declaration name: (_) @name body: (_) @body) @def.interface
(enum_declaration name: (_) @name body: (_) @body) @def.enum
(method_declaration name: (_) @name parameters: (_) @parameters body: (_)? @body) @def.method
(constructor_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @def.method
(compact_constructor_declaration name: (_) @name body: (_) @body) @def.method
(modifiers (annotation) @decorator)
(modifiers (marker_annotation) @decorator)
(block_comment) @comment
(line_comment) @comment
(import_declaration) @import
(package_declaration) @import

;; calls
(method_invocation name: (_) @callee)
(object_creation_expression type: (type_identifier) @callee)
(object_creation_expression type: (generic_type (type_identifier) @callee))
(method_reference (identifier) @callee .)

;; facts
(throw_statement (object_creation_expression type: (_) @raise))
(throw_statement (identifier) @raise)
(throws (_) @raise)
(return_statement (_) @return)
(assignment_expression left: (field_access object: (_) @write))
(assignment_expression left: (array_access array: (_) @write))
(update_expression (field_access object: (_) @write))
(update_expression (array_access array: (_) @write))
(method_invocation object: (_) @write name: (_) @mutator)

;; names
(identifier) @name
(type_identifier) @name

;; brings
(import_declaration) @from
(package_declaration) @from

;; reads
(field_access object: [(this) (identifier)] @object field: (identifier) @field)
(identifier) @bare

;; sets
(assignment_expression left: (_) @to) @set
(update_expression (_) @through) @set
(field_declaration declarator: (variable_declarator name: (identifier) @declares)) @set
(constant_declaration declarator: (variable_declarator name: (identifier) @declares)) @set
