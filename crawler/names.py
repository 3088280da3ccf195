"""Names that tell where pages keep images: attributes, hosts, properties, keys.

Tables only; the code that reads them is in the modules around.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Attributes in which loaders, lightboxes and shops keep the address of one picture. Sources: the
# documentation of lazysizes, vanilla-lazyload, lozad, jQuery.lazyload, Unveil, bLazy, Echo,
# WP Rocket, Jetpack, WooCommerce, Squarespace, UIkit, Slick, Swiper, Flickity and Owl; themes
# of Tumblr (data-highres, data-lowres) and Cargo (data-hi-res), Pinterest's save button.
LAZY = _words(
    """
    data-src data-original data-lazy-src data-lazy data-lazyload data-lazysrc data-lazy-original
    data-echo data-image data-img data-imgsrc data-img-src data-full data-fullsrc data-full-url
    data-full-src data-hires data-large data-large_image data-large-file data-medium-file
    data-orig-file data-zoom-image data-zoom-src data-src-retina data-src-small data-iesrc
    data-lowsrc data-envira-src data-flickity-lazyload data-flickity-lazyload-src data-thumb
    data-thumbnail data-poster data-background data-background-image data-dce-background-image-url
    data-bg data-bg-hidpi data-highres data-lowres data-hi-res data-pin-media fullurl lowsrc
    """
)
# … and of several: as a srcset, or (the last ones) as sets with media queries or a CSS list.
LAZY_SETS = _words(
    """
    data-srcset data-lazy-srcset data-flickity-lazyload-srcset data-background-image-set
    data-bg-set data-bgset data-bg-multi data-bg-multi-hidpi data-responsive
    """
)
# Addresses that only hand another one on: share buttons name a picture, and are none.
SHARING = re.compile(
    r"^(?:https?:)?//[^/?#]{1,200}/(?:sharer?\b|share[-_]?article|intent/|pin/create|submit\b|dialog/)",
    re.IGNORECASE,
)
# Any other attribute whose name holds one of these may hold an address that looks like a picture.
TELLING = re.compile(
    r"src|img|image|original|lazy|bg|background|full|large|zoom|thumb|poster|hires|retina|^data-url$"
)
# Names that hold such a word and never an address of the picture itself.
NEVER = _words(
    """
    src srcset class id style alt title imagesizes background poster imagesrcset srcdoc srclang
    data-sizes data-lazy-sizes data-image-dimensions data-image-focal-point data-permalink
    allowfullscreen aria-label referrerpolicy
    """
)

# Hosts that serve pictures under addresses without a suffix (ends of host names), by the
# platforms' documentation; checked 2026-11.
IMAGE_HOSTS = _words(
    """
    images.squarespace-cdn.com static.wixstatic.com res.cloudinary.com imgix.net
    images.unsplash.com cdn.sanity.io images.ctfassets.net images.prismic.io
    googleusercontent.com pbs.twimg.com media.tumblr.com staticflickr.com
    cdn.bsky.app substackcdn.com cdn.myportfolio.com imagedelivery.net i0.wp.com i1.wp.com
    i2.wp.com i.pinimg.com i.imgur.com mir-s3-cdn-cf.behance.net freight.cargo.site
    """
)
ICON_RELS = _words(
    """
    icon apple-touch-icon apple-touch-icon-precomposed apple-touch-startup-image mask-icon
    fluid-icon
    """
)
PROPERTIES = _words(
    "image photo logo thumbnail thumbnailurl contenturl primaryimageofpage screenshot"
)
# Hosts of fonts and of libraries: their sheets hold no picture of the site.
LIBRARIES = _words(
    """
    fonts.googleapis.com ajax.googleapis.com cdnjs.cloudflare.com cdn.jsdelivr.net unpkg.com
    maxcdn.bootstrapcdn.com stackpath.bootstrapcdn.com netdna.bootstrapcdn.com use.fontawesome.com
    kit.fontawesome.com use.typekit.net p.typekit.net fast.fonts.net code.jquery.com
    """
)
# Keys of one picture in several sizes; what stands under others is a picture of its own.
SIZES = _words(
    """
    src url source_url srcset srcsetwebp srcwebp full large medium medium_large small thumbnail
    thumb thumbnailurl thumbnail_url original orig source fallback sources sizes media_details
    formats contenturl asseturl imageurl image_url guid rendered placeholder_image
    original_size alt_sizes hires retina preview preview_url
    """
)
