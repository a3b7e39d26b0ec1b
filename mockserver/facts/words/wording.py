"""What a refusal is: why, its words, and the form that it has on the wire.

A reason says what is wrong; a dialect gives it status, words and form. Key order, indentation and
the final newline belong to each error, because the real API's own services differ in them.
"""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """What can be wrong with a request, whatever words a dialect has for it."""

    # who asks
    MISSING_KEY = "missing_key"
    INCORRECT_KEY = "incorrect_key"
    MISMATCHED_ORGANIZATION = "mismatched_organization"
    UNVERIFIED = "unverified"
    NO_CREDIT = "no_credit"
    HARD_LIMIT = "hard_limit"
    ORGANIZATION_SPEND_LIMIT = "organization_spend_limit"
    PROJECT_SPEND_LIMIT = "project_spend_limit"
    USAGE_LIMIT = "usage_limit"
    RATE_LIMITED = "rate_limited"
    OVER_LIMIT = "over_limit"
    NOT_OF_TIER = "not_of_tier"
    OVERLOADED = "overloaded"
    # what it shows
    REFUSED = "refused"
    DESCRIPTION_REFUSED = "description_refused"
    PICTURE_REFUSED = "picture_refused"
    # what is asked for
    UNKNOWN_URL = "unknown_url"
    OUTSIDE_API = "outside_api"
    WRONG_METHOD = "wrong_method"
    NO_CHAT_MODEL = "no_chat_model"
    NO_SUCH_MODEL = "no_such_model"
    # how it is sent
    WRONG_HOST = "wrong_host"
    BODY_TOO_LARGE = "body_too_large"
    REQUEST_TIMEOUT = "request_timeout"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    UNPARSABLE_JSON = "unparsable_json"
    WRONG_BODY_TYPE = "wrong_body_type"
    # parameters
    UNKNOWN_PARAMETER = "unknown_parameter"
    MISSING_PARAMETER = "missing_parameter"
    DUPLICATE_PARAMETER = "duplicate_parameter"
    WRONG_TYPE = "wrong_type"
    NOT_A_NUMBER = "not_a_number"
    NOT_ONE_OF = "not_one_of"
    NO_MATCH = "no_match"
    EMPTY_LIST = "empty_list"
    LIST_TOO_LONG = "list_too_long"
    FOR_JSON = "for_json"
    FOR_FORMS = "for_forms"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    EMPTY_PROMPT = "empty_prompt"
    PROMPT_TOO_LONG = "prompt_too_long"
    PROMPT_OVER_MODEL = "prompt_over_model"
    UNKNOWN_MODEL = "unknown_model"
    SIZE_NOT_OF_MODEL = "size_not_of_model"
    ONE_IMAGE_ONLY = "one_image_only"
    # options, by the service behind the gateway
    SIZE_NOT_LISTED = "size_not_listed"
    SIZE_FORM = "size_form"
    SIZE_MULTIPLE = "size_multiple"
    SIZE_RATIO = "size_ratio"
    SIZE_SIDE = "size_side"
    SIZE_BELOW = "size_below"
    SIZE_ABOVE = "size_above"
    TRANSPARENT_BACKGROUND = "transparent_background"
    TRANSPARENT_JPEG = "transparent_jpeg"
    PNG_COMPRESSION = "png_compression"
    PARTIALS_WITHOUT_STREAM = "partials_without_stream"
    STREAM_OF_MANY = "stream_of_many"
    INPUT_FIDELITY = "input_fidelity"
    MARKUP_AND_MASK = "markup_and_mask"
    # a picture that is not there in the end
    GENERATION_FAILED = "generation_failed"
    # uploads
    UNPARSABLE_FORM = "unparsable_form"
    NO_BOUNDARY = "no_boundary"
    FILE_TYPE = "file_type"
    NOT_A_PNG = "not_a_png"
    IMAGE_MODE = "image_mode"
    NOT_SQUARE = "not_square"
    MASK_MODE = "mask_mode"
    MASK_SIZE = "mask_size"
    MASK_FORMAT = "mask_format"
    IMAGE_FILE = "image_file"
    IMAGE_DATA = "image_data"
    NOT_DOWNLOADED = "not_downloaded"
    NO_SUCH_FILE = "no_such_file"
    # lists beside images
    NO_SUCH_CURSOR = "no_such_cursor"
    # files
    NO_SUCH_FILE_OBJECT = "no_such_file_object"
    NOT_DOWNLOADABLE = "not_downloadable"
    EMPTY_FILE = "empty_file"
    FILE_TOO_LARGE = "file_too_large"
    NO_ROOM_FOR_FILE = "no_room_for_file"
    # batches
    NO_SUCH_BATCH = "no_such_batch"
    BATCH_ENDED = "batch_ended"
    BATCH_FILE_PURPOSE = "batch_file_purpose"
    BATCH_QUEUE_FULL = "batch_queue_full"
    METADATA_TOO_MANY = "metadata_too_many"
    METADATA_NAME = "metadata_name"
    METADATA_VALUE = "metadata_value"
    # what a batch fails by, which no answer is refused with
    BATCH_NO_FILE = "batch_no_file"
    BATCH_EMPTY = "batch_empty"
    BATCH_TOO_MANY_LINES = "batch_too_many_lines"
    BATCH_TOO_LARGE = "batch_too_large"
    BATCH_LINE = "batch_line"
    BATCH_DUPLICATE = "batch_duplicate"
    BATCH_URL = "batch_url"
    BATCH_STREAM = "batch_stream"
    BATCH_NO_MODEL = "batch_no_model"
    BATCH_MODEL = "batch_model"
    BATCH_MODELS = "batch_models"
    BATCH_NO_ROOM = "batch_no_room"
    # organization
    MISSING_SCOPES = "missing_scopes"
    ADMIN_KEY = "admin_key"
    NO_SUCH_PAGE = "no_such_page"
    # responses
    NO_INPUT = "no_input"
    NO_TEXT_MODEL = "no_text_model"
    TOOL_NOT_THERE = "tool_not_there"
    NOTHING_TO_EDIT = "nothing_to_edit"
    NO_SUCH_RESPONSE = "no_such_response"
    NO_PREVIOUS_RESPONSE = "no_previous_response"
    NO_SUCH_ITEM = "no_such_item"
    NOT_CANCELLED = "not_cancelled"
    NO_PARTIAL_IMAGES = "no_partial_images"
    # Azure
    # this server
    INTERNAL = "internal"
    CONTROL_REFUSED = "control_refused"
    SANDBOXES_FULL = "sandboxes_full"
    CONNECTIONS_FULL = "connections_full"
    NO_ROOM_FOR_BODY = "no_room_for_body"
    STATE_AWAY = "state_away"


class Form(NamedTuple):
    """How an error body is laid out on the wire."""

    keys: tuple[str, ...]
    indent: int | None
    newline: bool
    layout: str = ""  # in place of all that: the whole body, with a %s for the JSON of each key


LEGACY = Form(keys=("code", "message", "param", "type"), indent=2, newline=True)
PLATFORM = Form(keys=("message", "type", "param", "code"), indent=2, newline=True)
AUTHENTICATION = Form(keys=PLATFORM.keys, indent=4, newline=True)
GATEWAY = Form(keys=PLATFORM.keys, indent=2, newline=False)
TEXT_ALONE = Form(keys=("error",), indent=None, newline=False)  # the message, and no object
EMPTY = Form(keys=(), indent=0, newline=False)  # no body at all


class Wording(NamedTuple):
    """One error in one dialect; message, param and headers are templates (`core.error_bodies`).

    `level` is how well the words are known: observed, observed in part, documented, inferred,
    assumed; `own` marks words of this server, which the real API does not have.
    """

    status: int
    message: str
    level: str
    source: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    form: Form = LEGACY
    headers: tuple[tuple[str, str], ...] = ()
    further: tuple[tuple[str, str], ...] = ()  # keys after those of the form, with their JSON
