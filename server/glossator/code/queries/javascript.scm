;; outline
(field_definition property: (_) @name value: (arrow_function parameters: (_) @parameters body: (_) @body)) @def.method
(field_definition property: (_) @name value: (function_expression parameters: (_) @parameters body: (_) @body)) @def.method

;; sets
(field_definition property: (_) @declares) @set
