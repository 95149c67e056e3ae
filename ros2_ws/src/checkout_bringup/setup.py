"""Install checkout_bringup."""

from glob import glob

from setuptools import find_packages, setup

package = 'checkout_bringup'

setup(
    name=package,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    package_data={package: ['stacks/*.yaml', 'config/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package]),
        ('share/' + package, ['package.xml', 'README.md']),
        ('share/' + package + '/config', glob('config/*.yaml')),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    maintainer='Smart checkout maintainers',
    maintainer_email='maintainers@smart-checkout.example',
    description='Stacks, supervisor, launch builder and the console command of the smart checkout.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'checkout = checkout_bringup.cli:main',
        ],
    },
)
